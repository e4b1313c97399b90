import type { Row } from "../../core/schema.ts";
import type { TableWrite, UniqueRows } from "./table-write.ts";
import { RowValues } from "./row-values.ts";

/** A part of a step's rows, from and up to a place. */
interface RowRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Without the rows that a later one of the same key replaces: no database takes one key twice in a statement. Rows that come in the order of
 * their keys within each batch, as metrics by step do, are put in order as a whole: a database likes that best, and nothing has to be collected.
 */
export function deduplicate(step: TableWrite): UniqueRows {
  const runs = sortedRuns(step);
  return (runs && concatenateRuns(step, runs)) ?? keepLastPerKey(step);
}

/** The batches, if each is in strictly ascending order. */
function sortedRuns(step: TableWrite): RowRange[] | undefined {
  const { rows, batchStarts } = step;
  const runs = batchStarts
    .map((from, index) => ({ from, to: batchStarts[index + 1] ?? rows.length }))
    .filter(({ from, to }) => from < to);
  for (const { from, to } of runs) {
    for (let row = from + 1; row < to; row += 1) {
      if (!isBefore(step, row - 1, row)) return undefined;
    }
  }
  return runs;
}

/** The runs one after the other; undefined where they overlap. */
function concatenateRuns(step: TableWrite, runs: RowRange[]): UniqueRows | undefined {
  const follows = (a: RowRange | undefined, b: RowRange): boolean =>
    !a || isBefore(step, a.to - 1, b.from);
  if (runs.every((run, index) => follows(runs[index - 1], run))) return step;
  runs.sort((a, b) => (isBefore(step, a.from, b.from) ? -1 : 1));
  if (!runs.every((run, index) => follows(runs[index - 1], run))) return undefined;
  return pickRows(step, rowIndexes(runs));
}

function* rowIndexes(runs: readonly RowRange[]): Generator<number> {
  for (const { from, to } of runs) for (let row = from; row < to; row += 1) yield row;
}

/** Whether the key of one row is less than that of another. */
function isBefore({ writable, values }: TableWrite, a: number, b: number): boolean {
  for (const column of writable.table.keyIndexes) {
    const [before, after] = [values.value(a, column), values.value(b, column)];
    if (before === after) continue;
    return before != null && after != null && before < after;
  }
  return false;
}

function keepLastPerKey(step: TableWrite): UniqueRows {
  const { rows } = step;
  const last = new Map<unknown, number>();
  for (let row = 0; row < rows.length; row += 1) last.set(mapKey(step, row), row);
  if (last.size === rows.length) return step;
  return pickRows(
    step,
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

/** Some of the rows. */
function pickRows(step: TableWrite, places: Iterable<number>): UniqueRows {
  const values = new RowValues(step.values.width);
  const rows: Row[] = [];
  for (const place of places) {
    const row = step.rows[place];
    if (!row) continue;
    values.addFrom(step.values, place);
    rows.push(row);
  }
  return { values, rows };
}
