import { randomUUID } from "node:crypto";
import type { Counts, SyncEnd, SyncRecord } from "../../core/destination.ts";
import { newRequestStats, type RequestStats } from "../../core/request-stats.ts";
import { currentTimestamp, toTimestamp } from "../../core/timestamp.ts";
import type { Transaction } from "./dialect.ts";
import { isHeldSince } from "./lease.ts";
import { escapeUnstorable, unescapeUnstorable } from "./text-escaping.ts";

/** Inserts the sync's row as `running`. Returns its id. */
export async function beginSync(tx: Transaction, pipeline: string): Promise<string> {
  const id = randomUUID();
  await tx.db
    .insertInto("_rivulet_sync")
    .values({ id, pipeline, started_at: currentTimestamp(), status: "running" })
    .execute();
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
      rows: escapeUnstorable(JSON.stringify(Object.fromEntries(counts))),
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
