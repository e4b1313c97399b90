import type { QueryResult } from "../../core/query.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { rowFormats, type FormatName } from "./formats.ts";

interface PrintOptions {
  readonly format: FormatName;
  /** How many rows to print at most. Default: all. */
  readonly limit: number | undefined;
  readonly signal: AbortSignal;
}

/** Prints rows for programs, page by page, as fast as they are taken. */
export async function printRows(
  { columns, pages }: QueryResult,
  terminal: Terminal,
  { format, limit = Infinity, signal }: PrintOptions,
): Promise<void> {
  const { head, row, tail } = rowFormats[format](columns);
  let unwritten = head;
  let count = 0;
  for await (const page of pages) {
    const rows = page.slice(0, limit - count);
    const start = count;
    count += rows.length;
    const text = rows.map((values, index) => row(values, start + index)).join("");
    const isTaken = await terminal.write(`${unwritten}${text}`, signal);
    unwritten = "";
    if (!isTaken || count >= limit) break;
  }
  await terminal.write(`${unwritten}${tail(count)}`, signal);
}
