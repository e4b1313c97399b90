import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { z } from "zod";
import { ConfigError, LockedError } from "../../core/errors.ts";
import type { Pipeline } from "../../core/destination.ts";
import type { Transaction } from "./dialect.ts";
import { currentTimestamp } from "../../core/timestamp.ts";

/** Who holds a pipeline's lock. */
interface Holder {
  readonly id: string;
  readonly pid: number;
  readonly host: string;
  readonly since: string;
  /** When the lease runs out, in milliseconds since 1970 by the database's clock. */
  readonly until: number;
}

/** The lock as it is stored, as JSON text in the place of a checkpoint. */
interface Lock {
  readonly identity: string | null;
  readonly holder: Holder | null;
}

/** The lock's row. */
interface LockRow {
  readonly lock: Lock;
  readonly epoch: number;
}

/** The right to write for one pipeline, until its time runs out and somebody takes it over. */
export interface Lease {
  readonly pipeline: Pipeline;
  readonly durationMs: number;
  /** One more with every taking: what was written under a smaller one is over. */
  readonly epoch: number;
  readonly id: string;
  readonly since: string;
}

/** Leases of this process: a lock with our pid that is not among them was left by a dead process that had the same pid. */
const liveLeases = new Set<string>();

/** Takes the lock. Throws a LockedError where a living process holds it, a ConfigError where the pipeline copied something else before. */
export async function takeLease(
  tx: Transaction,
  pipeline: Pipeline,
  durationMs: number,
): Promise<Lease> {
  const stored = await readLock(tx, pipeline.name);
  checkIdentity(pipeline, stored?.lock.identity);
  const holder = stored?.lock.holder;
  if (holder && (await isAlive(tx, holder))) throw lockedError(pipeline.name, holder);
  // Where the lock is gone, or is that of a backup, epochs that were used do not come again.
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

/** Throws a LockedError where somebody else has taken the lock since. */
export async function verifyLease(tx: Transaction, lease: Lease): Promise<void> {
  const stored = await readLock(tx, lease.pipeline.name);
  if (stored && isHeldByLease(stored, lease)) return;
  const where = `pipeline "${lease.pipeline.name}": this process was suspended or cut off for so long that its lock`;
  const holder = stored?.lock.holder;
  const taken = holder ? ` was taken over by ${describeHolder(holder)}` : " was taken over";
  throw new LockedError(`${where}${taken}; nothing more was written`);
}

/** Lengthens the lease. Throws as `verifyLease` does. */
export async function renewLease(tx: Transaction, lease: Lease): Promise<void> {
  await verifyLease(tx, lease);
  const stored = await readLock(tx, lease.pipeline.name);
  await saveLock(tx, lease, await renewedLock(tx, lease, stored?.lock));
}

/** Binds the pipeline to what it copies: from its first rows on, and not before, in case it was a mistake that the source refuses. */
export async function bindIdentity(tx: Transaction, lease: Lease): Promise<void> {
  const { identity } = lease.pipeline;
  const stored = await readLock(tx, lease.pipeline.name);
  if (identity !== undefined && stored) await saveLock(tx, lease, { ...stored.lock, identity });
}

/** Gives the lock back, if it is still ours. */
export async function releaseLease(tx: Transaction, lease: Lease): Promise<void> {
  const stored = await readLock(tx, lease.pipeline.name);
  if (!stored || !isHeldByLease(stored, lease)) return;
  await saveLock(tx, lease, { ...stored.lock, holder: null });
}

/** Takes note that this process is done with a lease, whether or not it could be given back. */
export function forgetLease({ id }: Lease): void {
  liveLeases.delete(id);
}

/** Lets another identity use the pipeline next time. */
export async function resetIdentity(tx: Transaction, lease: Lease): Promise<void> {
  await saveLock(tx, lease, await renewedLock(tx, lease, undefined));
}

/** Whether a living process has held the lock since this moment, or for longer. */
export async function isHeldSince(
  tx: Transaction,
  pipeline: string,
  moment: string,
): Promise<boolean> {
  const holder = (await readLock(tx, pipeline))?.lock.holder;
  return holder != null && holder.since <= moment && (await isAlive(tx, holder));
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

/** By the id too: where the row was deleted meanwhile, another process may have the epoch of one that wrote nothing. */
function isHeldByLease(stored: LockRow, { epoch, id }: Lease): boolean {
  return stored.epoch === epoch && stored.lock.holder?.id === id;
}

async function readLock(tx: Transaction, pipeline: string): Promise<LockRow | undefined> {
  const row = await tx.db
    .selectFrom("_rivulet_state")
    .select(["checkpoint", "epoch"])
    .where((is) => is.and(lockRowKey(pipeline)))
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

/** A lock that somebody has spoiled is nobody's: whoever held it is fenced off by the epoch. */
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
    .where((is) => is.and(lockRowKey(pipeline.name)))
    .execute();
}

function lockRowKey(pipeline: string) {
  return { pipeline, stream: "", partition: "" };
}

async function isAlive(tx: Transaction, holder: Holder): Promise<boolean> {
  if (holder.host === hostname()) {
    const isUs = holder.pid === process.pid;
    if (isUs ? !liveLeases.has(holder.id) : !isRunning(holder.pid)) return false;
  }
  return (await tx.nowMs()) < holder.until;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: it runs, as another user.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function checkIdentity({ name, identity }: Pipeline, stored: string | null | undefined): void {
  if (stored == null || identity === undefined || stored === identity) return;
  throw new ConfigError(
    `pipeline "${name}": this destination holds a copy of ${stored}, not of ${identity}, and would mark all of it as deleted; use another destination, or run "state reset"`,
  );
}

function lockedError(pipeline: string, holder: Holder): LockedError {
  return new LockedError(
    `pipeline "${pipeline}": locked by ${describeHolder(holder)}; wait until it ends`,
  );
}

function describeHolder({ pid, host, since }: Holder): string {
  return `process ${pid} on ${host}, which began at ${since}`;
}

/** The greatest epoch under which a sync of the pipeline has written; 0 where none is known. */
export async function lastEpoch(tx: Transaction, pipeline: string): Promise<number> {
  // By epoch, not by when a sync began: clocks of hosts may go wrong.
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
