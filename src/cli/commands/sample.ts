import { c8Sample, type C8Sample } from "../../connector/c8-schema.ts";
import { describedJson } from "../../core/json-text.ts";
import type { Row, Value } from "../../core/schema.ts";
import type { Stream } from "../../core/source.ts";
import { visibleLine } from "../../core/visible-text.ts";
import { readStream } from "../../engine/read-stream.ts";
import { exitStatus } from "../invocation/exit-status.ts";
import { configure, readOptionsOf, type Invocation } from "../invocation/invocation.ts";
import { formatTable } from "../terminal/table.ts";

const defaultRows = 10;

/** `sample`: shows the first rows of each stream. Needs no destination. */
export async function sampleCommand(invocation: Invocation): Promise<number> {
  const { terminal, flags } = invocation;
  const { streams } = await configure(invocation);
  const samples: C8Sample[] = [];
  for (const stream of streams) {
    if (flags.json === true) {
      const rows = await firstRows(stream, invocation, defaultRows);
      samples.push(c8Sample(stream, rows));
    } else {
      printRows(stream, await firstRows(stream, invocation, stream.sampleRows), invocation);
    }
  }
  if (flags.json === true) terminal.printJson({ samples });
  return exitStatus.completed;
}

async function firstRows(
  stream: Stream,
  invocation: Invocation,
  defaultLimit = defaultRows,
): Promise<readonly Row[]> {
  const limit = invocation.flags.limit ?? defaultLimit;
  const rows: Row[] = [];
  for await (const group of readStream(stream, {
    ...readOptionsOf(invocation),
    checkpoints: new Map(),
  })) {
    rows.push(...group.flatMap((batch) => batch.rows).slice(0, limit - rows.length));
    if (rows.length >= limit) break;
  }
  return rows;
}

/** Prints each row as a block of lines: most have too many columns for a table. */
function printRows(
  { name, columns }: Stream,
  rows: readonly Row[],
  { terminal }: Invocation,
): void {
  const { color, width } = terminal;
  terminal.printStyled(
    color.bold(`${visibleLine(name)}: ${rows.length} ${rows.length === 1 ? "row" : "rows"}`),
  );
  for (const row of rows) {
    const cells = Object.keys(columns).map((column) => [column, truncate(row[column], width - 30)]);
    terminal.printStyled(`${formatTable({ columns: ["", ""], rows: cells }, terminal)}\n`);
  }
}

function cellText(value: Value): string {
  if (value == null) return "";
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  return typeof value === "object" ? describedJson(value) : String(value);
}

function truncate(value: Value, width: number): string {
  const line = cellText(value).replace(/\s+/g, " ");
  return line.length > Math.max(width, 20) ? `${line.slice(0, Math.max(width, 20) - 1)}…` : line;
}
