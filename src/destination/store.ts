import type { Row } from "../core/schema.ts";
import type { Rejected } from "../core/source.ts";
import { addCounts, noCounts, type Counts } from "./destination.ts";
import { DataError, type SqlValue, type Transaction, type Written } from "./dialect.ts";
import { now } from "./now.ts";
import { rejectedRow, type Plan, type Prepared, type Step } from "./plan.ts";
import type { Deletions } from "./sweep.ts";

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
  const at = now();
  const stored: Stored = { counts: new Map(), refused: [] };
  for (const step of plan.steps) {
    const { prepared, deletes: keys, sweep } = step;
    const { stream } = prepared.table;
    const counts = noCounts();
    const rows = lastPerKey(step);
    const written = careful
      ? await upsertEach(tx, { prepared, rows, at, refused: stored.refused })
      : await upsert(tx, { prepared, rows, at });
    counts.inserted = written.inserted;
    counts.updated = written.updated;
    counts.unchanged = step.rows.length - written.refused - written.inserted - written.updated;
    counts.deleted = await deletions.mark(tx, prepared, { keys, at });
    if (sweep) counts.deleted += await deletions.sweep(tx, prepared, { sweep, at });
    const total = stored.counts.get(stream) ?? noCounts();
    addCounts(total, counts);
    stored.counts.set(stream, total);
  }
  return stored;
}

interface Rows {
  readonly values: SqlValue[];
  readonly rows: Row[];
}

interface Upsert {
  readonly prepared: Prepared;
  readonly rows: Rows;
  readonly at: string;
}

interface Upserted extends Written {
  readonly refused: number;
}

async function upsert(tx: Transaction, { prepared, rows, at }: Upsert): Promise<Upserted> {
  const {
    values,
    rows: { length: count },
  } = rows;
  if (count === 0) return { inserted: 0, updated: 0, refused: 0 };
  return { ...(await tx.upsert(prepared.table, { values, count }, at)), refused: 0 };
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
    const [first, second] = halves(rows, prepared.table.columns.length);
    const a = await upsertEach(tx, { ...options, rows: first });
    const b = await upsertEach(tx, { ...options, rows: second });
    return {
      inserted: a.inserted + b.inserted,
      updated: a.updated + b.updated,
      refused: a.refused + b.refused,
    };
  }
}

function halves({ values, rows }: Rows, width: number): [Rows, Rows] {
  const middle = Math.ceil(rows.length / 2);
  const cut = middle * width;
  return [
    { values: values.slice(0, cut), rows: rows.slice(0, middle) },
    { values: values.slice(cut), rows: rows.slice(middle) },
  ];
}

/** Without the rows that a later one of the same key replaces: no database takes one key twice in a statement. */
function lastPerKey({ prepared: { table }, values, rows }: Step): Rows {
  const width = table.columns.length;
  if (isAscending(table.key, values, width)) return { values, rows };
  const last = new Map<unknown, number>();
  for (let row = 0; row < rows.length; row += 1) {
    last.set(identity(table.key, values, row * width), row);
  }
  if (last.size === rows.length) return { values, rows };
  const kept = [...last.values()].sort((a, b) => a - b);
  return {
    values: kept.flatMap((row) => values.slice(row * width, (row + 1) * width)),
    rows: kept.flatMap((row) => rows.slice(row, row + 1)),
  };
}

/** Whether each key is greater than the one before, as metrics by step are: then none stands twice, and nothing has to be collected. */
function isAscending(key: readonly number[], values: readonly SqlValue[], width: number): boolean {
  for (let start = width; start < values.length; start += width) {
    const differing = key.find((index) => values[start + index] !== values[start - width + index]);
    if (differing === undefined) return false;
    const [value, before] = [values[start + differing], values[start - width + differing]];
    if (value == null || before == null || !(value > before)) return false;
  }
  return true;
}

function identity(key: readonly number[], values: readonly SqlValue[], start: number): SqlValue {
  const [only = 0] = key;
  if (key.length === 1) return values[start + only] ?? null;
  return key
    .map((index) => {
      const text = String(values[start + index]);
      return `${text.length}:${text}`;
    })
    .join("");
}
