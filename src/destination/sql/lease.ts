import { hostname } from "node:os";
import type { Pipeline } from "../../core/destination.ts";
import { ConfigError, LockedError } from "../../core/errors.ts";
import { currentTimestamp } from "../../core/timestamp.ts";
import type { Transaction } from "./dialect.ts";
import { currentOrigin, identifyProcess } from "./process-origin.ts";
import {
  insertLock,
  readLock,
  updateLock,
  type Holder,
  type Lock,
  type LockRow,
} from "./lock-row.ts";

/** The right to write to one pipeline. It can be taken over once it has expired. */
export interface Lease {
  readonly pipeline: Pipeline;
  readonly durationMs: number;
  /** Grows with each lease of the pipeline; a holder whose epoch is old can no longer write. */
  readonly epoch: number;
  readonly id: string;
  readonly tag: string | undefined;
  readonly since: string;
}

/** Ids of this process's leases. A lock of this process with another id is held no more. */
const liveLeases = new Set<string>();

/**
 * Takes the pipeline's lock. Throws a LockedError if a living process holds it, a ConfigError if
 * the pipeline has another identity.
 */
export async function takeLease(
  tx: Transaction,
  pipeline: Pipeline,
  { id, tag, durationMs }: Pick<Lease, "id" | "tag" | "durationMs">,
): Promise<Lease> {
  const stored = await readLock(tx, pipeline.name);
  checkIdentity(pipeline, stored?.lock.identity);
  const holder = stored?.lock.holder;
  // It is this lease if an earlier attempt was committed and the reply was lost.
  if (holder && holder.id !== id && (await isAlive(tx, holder)))
    throw lockedError(pipeline.name, holder);
  // If the lock's row was deleted or restored from a backup, its epoch must not be used again.
  const epoch = Math.max(stored?.epoch ?? 0, await lastEpoch(tx, pipeline.name)) + 1;
  const lease = { pipeline, durationMs, epoch, id, tag, since: currentTimestamp() };
  liveLeases.add(id);
  const lock = await renewedLock(tx, lease, stored?.lock);
  await insertLock(tx, pipeline.name, { lock, epoch, commits: 0 });
  return lease;
}

/** A process that can no longer write under the lock that it has not released. */
export interface FormerHolder {
  readonly holder: Holder;
  /** Whether it has ended; it may be suspended otherwise. */
  readonly isDead: boolean;
}

/** The former holder of the lock, if there is one. Throws like `takeLease`. */
export async function findFormerHolder(
  tx: Transaction,
  pipeline: Pipeline,
): Promise<FormerHolder | undefined> {
  const { identity, holder } = (await readLock(tx, pipeline.name))?.lock ?? {};
  checkIdentity(pipeline, identity);
  if (!holder) return undefined;
  if (await isAlive(tx, holder)) throw lockedError(pipeline.name, holder);
  return { holder, isDead: isDead(holder) };
}

/**
 * Throws a LockedError if the lock was taken over, or if the database is a copy from before it was
 * taken. Returns how many transactions the lease has committed.
 */
export async function verifyLease(tx: Transaction, lease: Lease): Promise<number> {
  const stored = await readLock(tx, lease.pipeline.name);
  if (stored && isHeldByLease(stored, lease)) return stored.commits;
  if (!stored || stored.epoch < lease.epoch) throw lostCommitsError(lease.pipeline.name);
  const { holder } = stored.lock;
  const by = holder ? ` by ${describeHolder(holder)}` : "";
  throw new LockedError(
    `pipeline "${lease.pipeline.name}": this process was suspended or disconnected for too long, and its lock was taken over${by}; nothing more was written`,
  );
}

/** Extends the lease by its duration. Throws like `verifyLease`. */
export async function renewLease(tx: Transaction, lease: Lease): Promise<void> {
  await verifyLease(tx, lease);
  const stored = await readLock(tx, lease.pipeline.name);
  await updateLock(tx, lease.pipeline.name, await renewedLock(tx, lease, stored?.lock));
}

/**
 * Binds the pipeline to its identity. Called with the first rows and not before, so that a mistake
 * in the configuration that the source rejects binds nothing.
 */
export async function bindIdentity(tx: Transaction, lease: Lease): Promise<void> {
  const { identity } = lease.pipeline;
  const stored = await readLock(tx, lease.pipeline.name);
  if (identity !== undefined && stored)
    await updateLock(tx, lease.pipeline.name, { ...stored.lock, identity });
}

/** Releases the lock if this lease still holds it. */
export async function releaseLease(tx: Transaction, lease: Lease): Promise<void> {
  const stored = await readLock(tx, lease.pipeline.name);
  if (!stored || !isHeldByLease(stored, lease)) return;
  await updateLock(tx, lease.pipeline.name, { ...stored.lock, holder: null });
}

/** Ends a lease in this process, whether or not it could be released in the database. */
export function forgetLease({ id }: Lease): void {
  liveLeases.delete(id);
}

/** Clears the pipeline's identity, so that it can copy something else. */
export async function resetIdentity(tx: Transaction, lease: Lease): Promise<void> {
  await updateLock(tx, lease.pipeline.name, await renewedLock(tx, lease, undefined));
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
  { durationMs, id, tag, since }: Lease,
  stored: Lock | undefined,
): Promise<Lock> {
  const until = (await tx.nowMs()) + durationMs;
  return {
    identity: stored?.identity ?? null,
    holder: { id, pid: process.pid, host: hostname(), tag, origin: currentOrigin(), since, until },
  };
}

/** The epoch alone is not enough: if the row was deleted, another process may have the same one. */
function isHeldByLease(stored: LockRow, { epoch, id }: Lease): boolean {
  return stored.epoch === epoch && stored.lock.holder?.id === id;
}

/** Of a holder that cannot be looked up from here, only the end of its lease tells. */
async function isAlive(tx: Transaction, holder: Holder): Promise<boolean> {
  return !isDead(holder) && (await tx.nowMs()) < holder.until;
}

/** Whether the process is known to have ended. */
function isDead(holder: Holder): boolean {
  if (holder.host !== hostname()) return false;
  const process = identifyProcess(holder.pid, holder.origin);
  return process === "ended" || (process === "this" && !liveLeases.has(holder.id));
}

function checkIdentity({ name, identity }: Pipeline, stored: string | null | undefined): void {
  if (stored == null || identity === undefined || stored === identity) return;
  throw new ConfigError(
    `pipeline "${name}": this destination holds a copy of ${stored}, not of ${identity}, and a sync would mark all of it as deleted; use another destination, or run "state reset"`,
  );
}

/** The error for a database that lacks what it had confirmed. */
export function lostCommitsError(pipeline: string): LockedError {
  return new LockedError(
    `pipeline "${pipeline}": the database lacks transactions that it had confirmed, as after a failover to a copy that was behind; nothing more was written, run it again, and it continues from what the database has`,
  );
}

function lockedError(pipeline: string, holder: Holder): LockedError {
  return new LockedError(
    `pipeline "${pipeline}": locked by ${describeHolder(holder)}; wait until it ends`,
  );
}

/** The error for a former holder whose last transaction is still executed. */
export function stillWritingError(pipeline: string, holder: Holder): LockedError {
  return new LockedError(
    `pipeline "${pipeline}": the server is still at work for ${describeHolder(holder)}; wait until it ends`,
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
