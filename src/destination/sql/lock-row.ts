import { z } from "zod";
import type { Transaction } from "./dialect.ts";
import type { ProcessOrigin } from "./process-origin.ts";

/** The process that holds a pipeline's lock. */
export interface Holder {
  readonly id: string;
  readonly pid: number;
  readonly host: string;
  /** Absent if an older rivulet took the lock, or on a system that does not tell. */
  readonly origin?: ProcessOrigin | undefined;
  /** The tag of its transactions; absent if an older rivulet took the lock, and in SQLite. */
  readonly tag?: string | undefined;
  readonly since: string;
  /** When the lease expires, in milliseconds since 1970 by the database's clock. */
  readonly until: number;
}

/** A pipeline's lock. Stored as JSON text in the checkpoint column. */
export interface Lock {
  readonly identity: string | null;
  readonly holder: Holder | null;
}

/** The row of `_rivulet_state` that holds a pipeline's lock. */
export interface LockRow {
  readonly lock: Lock;
  readonly epoch: number;
  /** How many transactions the holder has committed. */
  readonly commits: number;
}

/** Reads a pipeline's lock; undefined if it was never taken. */
export async function readLock(tx: Transaction, pipeline: string): Promise<LockRow | undefined> {
  const row = await tx.db
    .selectFrom("_rivulet_state")
    .select(["checkpoint", "epoch", "commits"])
    .where((eb) => eb.and(lockRowKey(pipeline)))
    .executeTakeFirst();
  if (!row) return undefined;
  const { checkpoint, epoch, commits } = row;
  return { lock: parseLock(checkpoint), epoch: Number(epoch), commits: Number(commits ?? 0) };
}

const originShape = z.object({ boot: z.string(), pidNamespace: z.string(), started: z.string() });

const lockShape = z.object({
  identity: z.string().nullable(),
  holder: z
    .object({
      id: z.string(),
      pid: z.number(),
      host: z.string(),
      origin: originShape.optional().catch(undefined),
      tag: z.string().optional(),
      since: z.string(),
      until: z.number(),
    })
    .nullable(),
});

/** An unreadable lock row counts as free; the epoch still fences off its former holder. */
function parseLock(text: string | null): Lock {
  try {
    return lockShape.parse(JSON.parse(text ?? ""));
  } catch {
    return { identity: null, holder: null };
  }
}

/** Saves the lock under a new epoch. */
export async function insertLock(
  tx: Transaction,
  pipeline: string,
  { lock, ...counts }: LockRow,
): Promise<void> {
  const values = { checkpoint: JSON.stringify(lock), ...counts };
  await tx.db
    .insertInto("_rivulet_state")
    .values({ ...lockRowKey(pipeline), ...values })
    .onConflict((conflict) =>
      conflict.columns(["pipeline", "stream", "partition"]).doUpdateSet(values),
    )
    .execute();
}

/** Saves the lock under the same epoch. */
export async function updateLock(tx: Transaction, pipeline: string, lock: Lock): Promise<void> {
  await tx.db
    .updateTable("_rivulet_state")
    .set({ checkpoint: JSON.stringify(lock) })
    .where((eb) => eb.and(lockRowKey(pipeline)))
    .execute();
}

/** The primary key of the row. */
export function lockRowKey(pipeline: string) {
  return { pipeline, stream: "", partition: "" };
}
