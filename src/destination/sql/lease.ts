import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { z } from "zod";
import type { Pipeline } from "../../core/destination.ts";
import { ConfigError, LockedError } from "../../core/errors.ts";
import { currentTimestamp } from "../../core/timestamp.ts";
import type { Transaction } from "./dialect.ts";

/** The process that holds a pipeline's lock. */
interface Holder {
  readonly id: string;
  readonly pid: number;
  readonly host: string;
  readonly since: string;
  /** When the lease expires, in milliseconds since 1970 by the database's clock. */
  readonly until: number;
}

/** A pipeline's lock. Stored as JSON text in the checkpoint column. */
interface Lock {
  readonly identity: string | null;
  readonly holder: Holder | null;
}

interface LockRow {
  readonly lock: Lock;
  readonly epoch: number;
}

/** The right to write to one pipeline. It can be taken over once it has expired. */
export interface Lease {
  readonly pipeline: Pipeline;
  readonly durationMs: number;
  /** Grows with each lease of the pipeline; a holder whose epoch is old can no longer write. */
  readonly epoch: number;
  readonly id: string;
  readonly since: string;
}

/**
 * Ids of this process's leases. A lock with our pid and another id belongs to a dead process that
 * had the same pid.
 */
const liveLeases = new Set<string>();

/**
 * Takes the pipeline's lock. Throws a LockedError if a living process holds it, a ConfigError if
 * the pipeline has another identity.
 */
export async function takeLease(
  tx: Transaction,
  pipeline: Pipeline,
  durationMs: number,
): Promise<Lease> {
  const stored = await readLock(tx, pipeline.name);
  checkIdentity(pipeline, stored?.lock.identity);
  const holder = stored?.lock.holder;
  if (holder && (await isAlive(tx, holder))) throw lockedError(pipeline.name, holder);
  // If the lock's row was deleted or restored from a backup, its epoch must not be used again.
  const epoch = Math.max(stored?.epoch ?? 0, await lastEpoch(tx, pipeline.name)) + 1;
  const lease = { pipeline, durationMs, epoch, id: randomUUID(), since: currentTimestamp() };
  liveLeases.add(lease.id);
  const lock = await renewedLock(tx, lease, stored?.lock);
  await tx.db
    .insertInto("_rivulet_state")
    .values({ ...lockRowKey(pipeline.name), checkpoint: JSON.stringify(lock), epoch })
    .onConflict((conflict) =>
      conflict
        .columns(["pipeline", "stream", "partition"])
        .doUpdateSet({ checkpoint: JSON.stringify(lock), epoch }),
    )
    .execute();
  return lease;
}

/** Throws a LockedError if the lock was taken over. */
export async function verifyLease(tx: Transaction, lease: Lease): Promise<void> {
  const stored = await readLock(tx, lease.pipeline.name);
  if (stored && isHeldByLease(stored, lease)) return;
  const holder = stored?.lock.holder;
  const by = holder ? ` by ${describeHolder(holder)}` : "";
  throw new LockedError(
    `pipeline "${lease.pipeline.name}": this process was suspended or disconnected for too long, and its lock was taken over${by}; nothing more was written`,
  );
}

/** Extends the lease by its duration. Throws like `verifyLease`. */
export async function renewLease(tx: Transaction, lease: Lease): Promise<void> {
  await verifyLease(tx, lease);
  const stored = await readLock(tx, lease.pipeline.name);
  await saveLock(tx, lease, await renewedLock(tx, lease, stored?.lock));
}

/**
 * Binds the pipeline to its identity. Called with the first rows and not before, so that a mistake
 * in the configuration that the source rejects binds nothing.
 */
export async function bindIdentity(tx: Transaction, lease: Lease): Promise<void> {
  const { identity } = lease.pipeline;
  const stored = await readLock(tx, lease.pipeline.name);
  if (identity !== undefined && stored) await saveLock(tx, lease, { ...stored.lock, identity });
}

/** Releases the lock if this lease still holds it. */
export async function releaseLease(tx: Transaction, lease: Lease): Promise<void> {
  const stored = await readLock(tx, lease.pipeline.name);
  if (!stored || !isHeldByLease(stored, lease)) return;
  await saveLock(tx, lease, { ...stored.lock, holder: null });
}

/** Ends a lease in this process, whether or not it could be released in the database. */
export function forgetLease({ id }: Lease): void {
  liveLeases.delete(id);
}

/** Clears the pipeline's identity, so that it can copy something else. */
export async function resetIdentity(tx: Transaction, lease: Lease): Promise<void> {
  await saveLock(tx, lease, await renewedLock(tx, lease, undefined));
}

/** Whether a living process has held the lock since `instant` or longer. */
export async function isHeldSince(
  tx: Transaction,
  pipeline: string,
  instant: string,
): Promise<boolean> {
  const holder = (await readLock(tx, pipeline))?.lock.holder;
  return holder != null && holder.since <= instant && (await isAlive(tx, holder));
}

async function renewedLock(
  tx: Transaction,
  { durationMs, id, since }: Lease,
  stored: Lock | undefined,
): Promise<Lock> {
  const until = (await tx.nowMs()) + durationMs;
  return {
    identity: stored?.identity ?? null,
    holder: { id, pid: process.pid, host: hostname(), since, until },
  };
}

/** The epoch alone is not enough: if the row was deleted, another process may have the same one. */
function isHeldByLease(stored: LockRow, { epoch, id }: Lease): boolean {
  return stored.epoch === epoch && stored.lock.holder?.id === id;
}

async function readLock(tx: Transaction, pipeline: string): Promise<LockRow | undefined> {
  const row = await tx.db
    .selectFrom("_rivulet_state")
    .select(["checkpoint", "epoch"])
    .where((eb) => eb.and(lockRowKey(pipeline)))
    .executeTakeFirst();
  if (!row) return undefined;
  return { lock: parseLock(row.checkpoint), epoch: Number(row.epoch) };
}

const lockShape = z.object({
  identity: z.string().nullable(),
  holder: z
    .object({
      id: z.string(),
      pid: z.number(),
      host: z.string(),
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

async function saveLock(tx: Transaction, { pipeline }: Lease, lock: Lock): Promise<void> {
  await tx.db
    .updateTable("_rivulet_state")
    .set({ checkpoint: JSON.stringify(lock) })
    .where((eb) => eb.and(lockRowKey(pipeline.name)))
    .execute();
}

function lockRowKey(pipeline: string) {
  return { pipeline, stream: "", partition: "" };
}

async function isAlive(tx: Transaction, holder: Holder): Promise<boolean> {
  if (holder.host === hostname()) {
    const isThisProcess = holder.pid === process.pid;
    if (isThisProcess ? !liveLeases.has(holder.id) : !isRunning(holder.pid)) return false;
  }
  return (await tx.nowMs()) < holder.until;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: the process exists, but belongs to another user.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function checkIdentity({ name, identity }: Pipeline, stored: string | null | undefined): void {
  if (stored == null || identity === undefined || stored === identity) return;
  throw new ConfigError(
    `pipeline "${name}": this destination holds a copy of ${stored}, not of ${identity}, and a sync would mark all of it as deleted; use another destination, or run "state reset"`,
  );
}

function lockedError(pipeline: string, holder: Holder): LockedError {
  return new LockedError(
    `pipeline "${pipeline}": locked by ${describeHolder(holder)}; wait until it ends`,
  );
}

function describeHolder({ pid, host, since }: Holder): string {
  return `process ${pid} on ${host} since ${since}`;
}

/** The greatest epoch under which a sync of the pipeline has written data; 0 if there is none. */
export async function lastEpoch(tx: Transaction, pipeline: string): Promise<number> {
  // Ordered by epoch rather than start time, because clocks of hosts may be wrong.
  const last = await tx.db
    .selectFrom("_rivulet_sync")
    .select("epoch")
    .where("pipeline", "=", pipeline)
    .where("epoch", "is not", null)
    .orderBy("epoch", "desc")
    .limit(1)
    .executeTakeFirst();
  return Number(last?.epoch ?? 0);
}
