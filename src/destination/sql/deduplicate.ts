import type { Row } from "../../core/schema.ts";
import { RowValues } from "./row-values.ts";
import type { TableWrite, UniqueRows } from "./table-write.ts";

/** Rows from index `from` (inclusive) to `to` (exclusive). */
interface RowRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Rows without duplicate keys; the last wins. Postgres refuses a key that occurs twice in one
 * statement. If every batch is sorted by key (metrics by step are), the batches are ordered as a
 * whole: inserting in key order is fastest, and no map of keys is needed.
 */
export function deduplicate(write: TableWrite): UniqueRows {
  const runs = sortedRuns(write);
  return (runs && concatenateRuns(write, runs)) ?? keepLastPerKey(write);
}

/** The batches; undefined if one is not in strictly ascending key order. */
function sortedRuns(write: TableWrite): RowRange[] | undefined {
  const { rows, batchStarts } = write;
  const runs = batchStarts
    .map((from, index) => ({ from, to: batchStarts[index + 1] ?? rows.length }))
    .filter(({ from, to }) => from < to);
  for (const { from, to } of runs) {
    for (let row = from + 1; row < to; row += 1) {
      if (!isBefore(write, row - 1, row)) return undefined;
    }
  }
  return runs;
}

/** The runs in key order; undefined if they overlap. */
function concatenateRuns(write: TableWrite, runs: RowRange[]): UniqueRows | undefined {
  const follows = (a: RowRange | undefined, b: RowRange): boolean =>
    !a || isBefore(write, a.to - 1, b.from);
  if (runs.every((run, index) => follows(runs[index - 1], run))) return write;
  runs.sort((a, b) => (isBefore(write, a.from, b.from) ? -1 : 1));
  if (!runs.every((run, index) => follows(runs[index - 1], run))) return undefined;
  return pickRows(write, rowIndexes(runs));
}

function* rowIndexes(runs: readonly RowRange[]): Generator<number> {
  for (const { from, to } of runs) for (let row = from; row < to; row += 1) yield row;
}

/** Whether the key of row `a` is less than that of row `b`. */
function isBefore({ writable, values }: TableWrite, a: number, b: number): boolean {
  for (const column of writable.table.keyIndexes) {
    const [before, after] = [values.value(a, column), values.value(b, column)];
    if (before === after) continue;
    return before != null && after != null && before < after;
  }
  return false;
}

function keepLastPerKey(write: TableWrite): UniqueRows {
  const { rows } = write;
  const last = new Map<unknown, number>();
  for (let row = 0; row < rows.length; row += 1) last.set(mapKey(write, row), row);
  if (last.size === rows.length) return write;
  return pickRows(
    write,
    [...last.values()].sort((a, b) => a - b),
  );
}

function mapKey({ writable, values }: TableWrite, row: number): unknown {
  const [only = 0, ...others] = writable.table.keyIndexes;
  if (others.length === 0) return values.value(row, only);
  return writable.table.keyIndexes
    .map((column) => {
      const text = String(values.value(row, column));
      return `${text.length}:${text}`;
    })
    .join("");
}

function pickRows(write: TableWrite, indexes: Iterable<number>): UniqueRows {
  const values = new RowValues(write.values.width);
  const rows: Row[] = [];
  for (const index of indexes) {
    const row = write.rows[index];
    if (!row) continue;
    values.addFrom(write.values, index);
    rows.push(row);
  }
  return { values, rows };
}
