import Table from "cli-table3";
import { visibleLine } from "../../core/visible-text.ts";
import type { Terminal } from "./terminal.ts";

/** The text of a cell in a color. */
export interface StyledText {
  readonly text: string;
  readonly style: (text: string) => string;
}

type Cell = string | StyledText;

/** A table of text. Columns whose name starts with `#` hold numbers, aligned to the right. */
interface TextTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/**
 * Formats a table, or a block of lines per row if the terminal is too narrow for the table. Control
 * characters in its cells are shown; the result may be printed with its colors.
 */
export function formatTable(
  { columns, rows }: TextTable,
  { color, width }: Pick<Terminal, "color" | "width">,
): string {
  const names = columns.map((column) => visibleLine(column.replace(/^#/, "")));
  const cells = rows.map((row) => row.map(formatCell));
  const table = new Table({
    head: names.map((name) => color.bold(name)),
    style: { head: [], border: [], compact: true, "padding-left": 0, "padding-right": 2 },
    colAligns: columns.map((column) => (column.startsWith("#") ? "right" : "left")),
    chars: noBorders,
  });
  table.push(...cells);
  const text = table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
  if (Math.max(...text.split("\n").map(visibleWidth)) <= width) return text;
  return formatBlocks(names, cells);
}

function formatCell(cell: Cell): string {
  return typeof cell === "string" ? visibleLine(cell) : cell.style(visibleLine(cell.text));
}

const noBorders = Object.fromEntries(
  ["top", "top-mid", "top-left", "top-right", "bottom", "bottom-mid", "bottom-left", "bottom-right"]
    .concat(["left", "left-mid", "mid", "mid-mid", "right", "right-mid", "middle"])
    .map((name) => [name, ""]),
);

function visibleWidth(line: string): number {
  // eslint-disable-next-line no-control-regex -- the escapes that chalk writes
  return line.replace(/\u001b\[[0-9;]*m/g, "").length;
}

function formatBlocks(names: readonly string[], rows: readonly (readonly string[])[]): string {
  const widest = Math.max(...names.map((name) => name.length));
  return rows
    .map((row) =>
      row.map((cell, index) => `${(names[index] ?? "").padEnd(widest)}  ${cell}`).join("\n"),
    )
    .join("\n\n");
}
