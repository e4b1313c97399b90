import { sql } from "kysely";
import type { SettledEntry } from "../../core/destination.ts";
import type { Transaction } from "./dialect.ts";
import { unescapeUnstorable } from "./text-escaping.ts";

/**
 * A pipeline's settled entries, by stream and key; empty if the database has no quarantine yet, or
 * one of an older rivulet.
 */
export async function readSettledEntries(
  tx: Transaction,
  pipeline: string,
): Promise<SettledEntry[]> {
  const table = await tx.findTable("_rivulet_quarantine");
  if (!table?.columns.has("settled")) return [];
  const rows = await tx.db
    .selectFrom("_rivulet_quarantine")
    .select(["stream", "key", "reason"])
    .where("pipeline", "=", pipeline)
    .where(sql<boolean>`settled`)
    .orderBy("stream")
    .orderBy("key")
    .execute();
  return rows.map(({ stream, key, reason }) => ({
    stream: unescapeUnstorable(stream),
    key: unescapeUnstorable(key),
    reason: unescapeUnstorable(reason),
  }));
}
