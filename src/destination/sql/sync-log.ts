import { randomUUID } from "node:crypto";
import {
  addCounts,
  zeroCounts,
  type Counts,
  type SyncEnd,
  type SyncRecord,
  type WriteResult,
} from "../../core/destination.ts";
import { newRequestStats, type RequestStats } from "../../core/request-stats.ts";
import { currentTimestamp, toTimestamp } from "../../core/timestamp.ts";
import { programVersion } from "../../core/version.ts";
import type { Transaction } from "./dialect.ts";
import { isHeldSince, type Lease } from "./lease.ts";
import { pruneSyncs } from "./prune-syncs.ts";
import { escapeUnstorable, unescapeUnstorable } from "./text-escaping.ts";

/**
 * The counts of a sync in its row. Each transaction saves them with what it writes: a process that
 * dies can no longer.
 */
export class CommittedCounts {
  #committed = new Map<string, Counts>();

  /** Saves the counts of all transactions, this one included. */
  async save(tx: Transaction, sync: string | undefined, written: WriteResult): Promise<void> {
    if (sync === undefined || written.size === 0) return;
    await tx.db
      .updateTable("_rivulet_sync")
      .set({ rows: formatCounts(this.#with(written)) })
      .where("id", "=", sync)
      .execute();
  }

  /** Call after the transaction of `save` was committed. */
  afterCommit(written: WriteResult): void {
    this.#committed = this.#with(written);
  }

  /** Begins again at zero, with a new sync. */
  clear(): void {
    this.#committed.clear();
  }

  #with(written: WriteResult): Map<string, Counts> {
    const all = new Map([...this.#committed].map(([stream, counts]) => [stream, { ...counts }]));
    for (const [stream, more] of written) {
      const total = all.get(stream) ?? zeroCounts();
      addCounts(total, more);
      all.set(stream, total);
    }
    return all;
  }
}

/**
 * Inserts the sync's row as `running`, and deletes those of the oldest syncs of the pipeline, so
 * that `keep` remain. Returns its id.
 */
export async function beginSync(
  tx: Transaction,
  { pipeline: { name: pipeline } }: Pick<Lease, "pipeline">,
  keep: number,
): Promise<string> {
  const id = randomUUID();
  await tx.db
    .insertInto("_rivulet_sync")
    .values({
      id,
      pipeline,
      started_at: currentTimestamp(),
      status: "running",
      version: programVersion,
    })
    .execute();
  await pruneSyncs(tx, { pipeline, current: id, keep });
  return id;
}

/** Completes the sync's row. */
export async function endSync(
  tx: Transaction,
  id: string,
  { status, counts, transfer, error }: SyncEnd,
): Promise<void> {
  await tx.db
    .updateTable("_rivulet_sync")
    .set({
      ended_at: currentTimestamp(),
      status,
      rows: formatCounts(counts),
      requests: transfer.requests,
      retries: transfer.retries,
      bytes: transfer.bytes,
      waited_ms: Math.round(transfer.waitedMs),
      error: error === undefined ? null : escapeUnstorable(error),
    })
    .where("id", "=", id)
    .execute();
}

/**
 * The latest syncs of one pipeline or of all, newest first. A sync that is still `running` but does
 * not hold its lease has `died`.
 */
export async function readSyncs(
  tx: Transaction,
  limit: number,
  pipeline?: string,
): Promise<SyncRecord[]> {
  const rows = await tx.db
    .selectFrom("_rivulet_sync")
    .selectAll()
    .$if(pipeline !== undefined, (query) => query.where("pipeline", "=", pipeline ?? ""))
    .orderBy("started_at", "desc")
    .limit(limit)
    .execute();
  const syncs: SyncRecord[] = [];
  for (const row of rows) {
    const startedAt = toTimestamp(row.started_at) ?? row.started_at;
    const died = row.status === "running" && !(await isHeldSince(tx, row.pipeline, startedAt));
    syncs.push({
      pipeline: row.pipeline,
      startedAt,
      ...(row.ended_at === null ? {} : { endedAt: toTimestamp(row.ended_at) ?? row.ended_at }),
      status: died ? "died" : (row.status as SyncRecord["status"]),
      counts: parseCounts(row.rows),
      transfer: requestStats(row),
      ...(row.error === null ? {} : { error: unescapeUnstorable(row.error) }),
    });
  }
  return syncs;
}

function formatCounts(counts: WriteResult): string {
  return escapeUnstorable(JSON.stringify(Object.fromEntries(counts)));
}

function parseCounts(rows: string | null): ReadonlyMap<string, Counts> {
  if (rows === null) return new Map();
  return new Map(Object.entries(JSON.parse(unescapeUnstorable(rows)) as Record<string, Counts>));
}

function requestStats(
  row: Record<"requests" | "retries" | "bytes" | "waited_ms", unknown>,
): RequestStats {
  return {
    ...newRequestStats(),
    requests: Number(row.requests),
    retries: Number(row.retries),
    bytes: Number(row.bytes),
    waitedMs: Number(row.waited_ms),
  };
}
