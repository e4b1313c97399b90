import type { Rejected } from "../../core/source.ts";
import { addCounts, zeroCounts, type Counts } from "../../core/destination.ts";
import { DataError, type Transaction, type UpsertCounts } from "./dialect.ts";
import { currentTimestamp } from "../../core/timestamp.ts";
import type { UniqueRows } from "./table-write.ts";
import { quarantineEntry, type WritePlan } from "./write-plan.ts";
import { type WritableTable } from "./writable-table.ts";
import type { SoftDeletes } from "./soft-deletes.ts";
import { applyPartialUpdates } from "./partial-updates.ts";

/** What was stored, and what the database refused. */
export interface ExecutionResult {
  readonly counts: Map<string, Counts>;
  readonly refused: { readonly stream: string; readonly entry: Rejected }[];
}

export interface ExecuteOptions {
  readonly deletions: SoftDeletes;
  /** Finds out which rows the database refuses, instead of failing with the first. */
  readonly isolateBadRows: boolean;
}

/** Does the steps of a plan in their order. Throws a DataError where the database refuses a row, unless it is to be careful. */
export async function executePlan(
  tx: Transaction,
  plan: WritePlan,
  { deletions, isolateBadRows }: ExecuteOptions,
): Promise<ExecutionResult> {
  const at = currentTimestamp();
  const stored: ExecutionResult = { counts: new Map(), refused: [] };
  for (const step of plan.writes) {
    const { writable, deletes: keys, sweep } = step;
    const { stream } = writable.table;
    const counts = zeroCounts();
    const { unique: rows } = step;
    const written = isolateBadRows
      ? await upsertBisecting(tx, { prepared: writable, rows, at, refused: stored.refused })
      : await upsert(tx, { prepared: writable, rows, at });
    counts.inserted = written.inserted;
    counts.updated = written.updated;
    counts.unchanged = step.rows.length - written.refused - written.inserted - written.updated;
    const { updates } = step;
    const changed = await applyPartialUpdates(tx, writable, { updates, at });
    counts.updated += changed;
    counts.unchanged += updates.length - changed;
    counts.deleted = await deletions.markByKey(tx, writable, { keys, at });
    if (sweep) counts.deleted += await deletions.sweep(tx, writable, { sweep, at });
    const total = stored.counts.get(stream) ?? zeroCounts();
    addCounts(total, counts);
    stored.counts.set(stream, total);
  }
  return stored;
}

/** Adds what was rejected before it came to the database, and what the database refused. */
export function addRejectedCounts(
  counts: Map<string, Counts>,
  { rejected }: WritePlan,
  refused: readonly { readonly stream: string }[],
): ReadonlyMap<string, Counts> {
  const add = (stream: string, count: number): void => {
    const total = counts.get(stream) ?? zeroCounts();
    total.rejected += count;
    counts.set(stream, total);
  };
  for (const [stream, count] of rejected) add(stream, count);
  for (const { stream } of refused) add(stream, 1);
  return counts;
}

interface UpsertInput {
  readonly prepared: WritableTable;
  readonly rows: UniqueRows;
  readonly at: string;
}

interface UpsertResult extends UpsertCounts {
  readonly refused: number;
}

async function upsert(tx: Transaction, { prepared, rows, at }: UpsertInput): Promise<UpsertResult> {
  if (rows.values.count === 0) return { inserted: 0, updated: 0, refused: 0 };
  return { ...(await tx.upsert(prepared.table, rows.values, at)), refused: 0 };
}

/** Halves what the database refuses, down to the rows that it refuses. */
async function upsertBisecting(
  tx: Transaction,
  options: UpsertInput & Pick<ExecutionResult, "refused">,
): Promise<UpsertResult> {
  const { prepared, rows, refused } = options;
  try {
    return await tx.savepoint(() => upsert(tx, options));
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    const [row] = rows.rows;
    if (rows.rows.length === 1 && row) {
      refused.push({ stream: prepared.table.stream, entry: quarantineEntry(prepared, row, error) });
      return { inserted: 0, updated: 0, refused: 1 };
    }
    const [first, second] = splitInHalf(rows);
    const a = await upsertBisecting(tx, { ...options, rows: first });
    const b = await upsertBisecting(tx, { ...options, rows: second });
    return {
      inserted: a.inserted + b.inserted,
      updated: a.updated + b.updated,
      refused: a.refused + b.refused,
    };
  }
}

function splitInHalf({ values, rows }: UniqueRows): [UniqueRows, UniqueRows] {
  const { length } = rows;
  const middle = Math.ceil(length / 2);
  return [
    { values: values.slice(0, middle), rows: rows.slice(0, middle) },
    { values: values.slice(middle, length), rows: rows.slice(middle) },
  ];
}
