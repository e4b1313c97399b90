import type { QueryResult, QueryValue } from "../../core/query.ts";
import { visibleLine } from "../../core/visible-text.ts";
import { formatCount } from "../terminal/format-numbers.ts";
import { formatTable } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { valueText } from "./format-values.ts";

const defaultRows = 100;

/** Prints the first rows for a person, as a table, and says what is not shown. */
export async function printTable(
  { columns, pages }: QueryResult,
  terminal: Terminal,
  limit = defaultRows,
): Promise<void> {
  const rows: (readonly QueryValue[])[] = [];
  for await (const page of pages) {
    rows.push(...page.slice(0, limit + 1 - rows.length));
    if (rows.length > limit) break;
  }
  const hasMore = rows.length > limit;
  const shown = rows.slice(0, limit);
  const names = columns.map(({ name, texts }, index) =>
    texts === "numbers" || isNumeric(shown, index) ? `#${name}` : name,
  );
  const lines = formatTable({ columns: names, rows: shown.map(cellsOf) }, terminal).split("\n");
  const cut = lines.map((line) => cutLine(line, terminal.width));
  if (shown.length > 0) terminal.printStyled(cut.join("\n"));
  else terminal.printStyled(names.map((name) => visibleLine(name.replace(/^#/, ""))).join("  "));
  const notes = [
    hasMore
      ? `the first ${countRows(limit)}, and there are more: raise --limit`
      : countRows(shown.length),
    ...(cut.some((line, index) => line !== lines[index])
      ? ["long values are cut: --json shows them whole"]
      : []),
  ];
  terminal.printStyled(terminal.color.dim(`(${notes.join("; ")})`));
}

function countRows(count: number): string {
  return `${formatCount(count)} ${count === 1 ? "row" : "rows"}`;
}

function cellsOf(row: readonly QueryValue[]): string[] {
  return row.map((value) => valueText(value));
}

function isNumeric(rows: readonly (readonly QueryValue[])[], index: number): boolean {
  const values = rows.map((row) => row[index]).filter((value) => value != null);
  return values.length > 0 && values.every((value) => /number|bigint/.test(typeof value));
}

/** A line that fits. Lines with colors are short: only names have them. */
function cutLine(line: string, width: number): string {
  return line.length <= width || line.includes("\u001b") ? line : `${line.slice(0, width - 1)}…`;
}
