import { addCounts, zeroCounts, type Counts } from "../../core/destination.ts";
import type { Rejected } from "../../core/source.ts";
import { currentTimestamp } from "../../core/timestamp.ts";
import { DataError, type Transaction, type UpsertCounts } from "./dialect.ts";
import type { Isolation } from "./isolation.ts";
import { applyPartialUpdates } from "./partial-updates.ts";
import type { SoftDeletes } from "./soft-deletes.ts";
import type { UniqueRows } from "./table-write.ts";
import type { WritableTable } from "./writable-table.ts";
import { quarantineEntry, type WritePlan } from "./write-plan.ts";

interface ExecutionResult {
  /** By stream. `rejected` is still 0. */
  readonly counts: Map<string, Counts>;
  /** Rows that the database refused; empty unless bad rows are isolated. */
  readonly refused: { readonly stream: string; readonly entry: Rejected }[];
}

interface ExecuteOptions {
  readonly softDeletes: SoftDeletes;
  readonly isolation: Isolation;
  /** Called before the statements for a stream's table. */
  readonly onTable: (stream: string) => void;
}

/**
 * Executes a plan's writes in order. Throws a DataError if the database refuses a row, unless bad
 * rows are isolated.
 */
export async function executePlan(
  tx: Transaction,
  plan: WritePlan,
  { softDeletes, isolation: { isolateBadRows, checkAtOnce }, onTable }: ExecuteOptions,
): Promise<ExecutionResult> {
  if (checkAtOnce) await tx.checkConstraintsAtOnce();
  const syncedAt = currentTimestamp();
  const result: ExecutionResult = { counts: new Map(), refused: [] };
  for (const write of plan.writes) {
    const { writable, unique: rows, updates, deletes: keys, sweep } = write;
    const { stream } = writable.table;
    onTable(stream);
    const counts = zeroCounts();
    const written = isolateBadRows
      ? await upsertBisecting(tx, { writable, rows, syncedAt, refused: result.refused })
      : await upsert(tx, { writable, rows, syncedAt });
    counts.inserted = written.inserted;
    counts.updated = written.updated;
    counts.unchanged = write.rows.length - written.refused - written.inserted - written.updated;
    const changed = await applyPartialUpdates(tx, writable, { updates, syncedAt });
    counts.updated += changed;
    counts.unchanged += updates.length - changed;
    counts.deleted = await softDeletes.markByKey(tx, writable, { keys, syncedAt });
    if (sweep) counts.deleted += await softDeletes.sweep(tx, writable, { sweep, syncedAt });
    const total = result.counts.get(stream) ?? zeroCounts();
    addCounts(total, counts);
    result.counts.set(stream, total);
  }
  return result;
}

/** Adds the rows that were rejected while planning, and those that the database refused. */
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
  readonly writable: WritableTable;
  readonly rows: UniqueRows;
  readonly syncedAt: string;
}

interface UpsertResult extends UpsertCounts {
  readonly refused: number;
}

async function upsert(
  tx: Transaction,
  { writable, rows, syncedAt }: UpsertInput,
): Promise<UpsertResult> {
  if (rows.values.count === 0) return { inserted: 0, updated: 0, refused: 0 };
  return { ...(await tx.upsert(writable.table, rows.values, syncedAt)), refused: 0 };
}

/** Upserts rows; what the database refuses is split in half until single rows are left. */
async function upsertBisecting(
  tx: Transaction,
  options: UpsertInput & Pick<ExecutionResult, "refused">,
): Promise<UpsertResult> {
  const { writable, rows, refused } = options;
  try {
    return await tx.savepoint(() => upsert(tx, options));
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    const [row] = rows.rows;
    if (rows.rows.length === 1 && row) {
      refused.push({ stream: writable.table.stream, entry: quarantineEntry(writable, row, error) });
      return { inserted: 0, updated: 0, refused: 1 };
    }
    const [first, second] = splitInHalf(rows);
    const before = await upsertBisecting(tx, { ...options, rows: first });
    const after = await upsertBisecting(tx, { ...options, rows: second });
    return {
      inserted: before.inserted + after.inserted,
      updated: before.updated + after.updated,
      refused: before.refused + after.refused,
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
