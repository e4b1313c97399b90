import type { Rejected } from "../../core/source.ts";
import { addCounts, noCounts, type Counts } from "../../core/destination.ts";
import { DataError, type Transaction, type Written } from "./dialect.ts";
import { currentTimestamp } from "../../core/timestamp.ts";
import type { EachOnce } from "./deduplicate.ts";
import { rejectedRow, type Plan, type Prepared } from "./write-plan.ts";
import type { Deletions } from "./soft-deletes.ts";
import { storeUpdates } from "./partial-updates.ts";

/** What was stored, and what the database refused. */
export interface Stored {
  readonly counts: Map<string, Counts>;
  readonly refused: { readonly stream: string; readonly entry: Rejected }[];
}

export interface StoreOptions {
  readonly deletions: Deletions;
  /** Finds out which rows the database refuses, instead of failing with the first. */
  readonly careful: boolean;
}

/** Does the steps of a plan in their order. Throws a DataError where the database refuses a row, unless it is to be careful. */
export async function storeSteps(
  tx: Transaction,
  plan: Plan,
  { deletions, careful }: StoreOptions,
): Promise<Stored> {
  const at = currentTimestamp();
  const stored: Stored = { counts: new Map(), refused: [] };
  for (const step of plan.steps) {
    const { prepared, deletes: keys, sweep } = step;
    const { stream } = prepared.table;
    const counts = noCounts();
    const { each: rows } = step;
    const written = careful
      ? await upsertEach(tx, { prepared, rows, at, refused: stored.refused })
      : await upsert(tx, { prepared, rows, at });
    counts.inserted = written.inserted;
    counts.updated = written.updated;
    counts.unchanged = step.rows.length - written.refused - written.inserted - written.updated;
    const { updates } = step;
    const changed = await storeUpdates(tx, prepared, { updates, at });
    counts.updated += changed;
    counts.unchanged += updates.length - changed;
    counts.deleted = await deletions.mark(tx, prepared, { keys, at });
    if (sweep) counts.deleted += await deletions.sweep(tx, prepared, { sweep, at });
    const total = stored.counts.get(stream) ?? noCounts();
    addCounts(total, counts);
    stored.counts.set(stream, total);
  }
  return stored;
}

/** Adds what was rejected before it came to the database, and what the database refused. */
export function countRejected(
  counts: Map<string, Counts>,
  { rejected }: Plan,
  refused: readonly { readonly stream: string }[],
): ReadonlyMap<string, Counts> {
  const add = (stream: string, count: number): void => {
    const total = counts.get(stream) ?? noCounts();
    total.rejected += count;
    counts.set(stream, total);
  };
  for (const [stream, count] of rejected) add(stream, count);
  for (const { stream } of refused) add(stream, 1);
  return counts;
}

interface Upsert {
  readonly prepared: Prepared;
  readonly rows: EachOnce;
  readonly at: string;
}

interface Upserted extends Written {
  readonly refused: number;
}

async function upsert(tx: Transaction, { prepared, rows, at }: Upsert): Promise<Upserted> {
  if (rows.values.count === 0) return { inserted: 0, updated: 0, refused: 0 };
  return { ...(await tx.upsert(prepared.table, rows.values, at)), refused: 0 };
}

/** Halves what the database refuses, down to the rows that it refuses. */
async function upsertEach(
  tx: Transaction,
  options: Upsert & Pick<Stored, "refused">,
): Promise<Upserted> {
  const { prepared, rows, refused } = options;
  try {
    return await tx.savepoint(() => upsert(tx, options));
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    const [row] = rows.rows;
    if (rows.rows.length === 1 && row) {
      refused.push({ stream: prepared.table.stream, entry: rejectedRow(prepared, row, error) });
      return { inserted: 0, updated: 0, refused: 1 };
    }
    const [first, second] = halves(rows);
    const a = await upsertEach(tx, { ...options, rows: first });
    const b = await upsertEach(tx, { ...options, rows: second });
    return {
      inserted: a.inserted + b.inserted,
      updated: a.updated + b.updated,
      refused: a.refused + b.refused,
    };
  }
}

function halves({ values, rows }: EachOnce): [EachOnce, EachOnce] {
  const { length } = rows;
  const middle = Math.ceil(length / 2);
  return [
    { values: values.slice(0, middle), rows: rows.slice(0, middle) },
    { values: values.slice(middle, length), rows: rows.slice(middle) },
  ];
}
