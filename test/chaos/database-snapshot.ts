import { z } from "zod";
import type { SqlRow } from "../support/databases.ts";
import { keyText, type ChaosService, type Keys, type StoredCheckpoint } from "./service.ts";
import type { Storage } from "./storage.ts";

const counts = z.object({
  inserted: z.number(),
  updated: z.number(),
  unchanged: z.number(),
  deleted: z.number(),
  rejected: z.number(),
});

const syncRow = z.object({
  id: z.string(),
  status: z.enum(["running", "completed", "partial", "failed", "interrupted"]),
  rows: z
    .string()
    .nullable()
    .transform((text) => z.record(z.string(), counts).parse(JSON.parse(text ?? "{}"))),
  ended_at: z.string().nullable(),
  error: z.string().nullable(),
});

/** A row of `_rivulet_sync`. */
export type SyncRow = z.output<typeof syncRow>;

interface RowMetadata {
  readonly isDeleted: boolean;
  readonly syncedAt: unknown;
}

type MetadataByKey = ReadonlyMap<string, RowMetadata>;

/** What is in a database at one moment. Tables that do not exist yet count as empty. */
export interface DatabaseSnapshot {
  /** Rows of each existing table by key, deleted ones included. */
  readonly rows: Readonly<Record<string, MetadataByKey>>;
  /** Keys of the rows that are not deleted. */
  readonly liveKeys: Keys;
  /** Oldest first. */
  readonly syncs: readonly SyncRow[];
  readonly checkpoints: readonly StoredCheckpoint[];
  /** Number of entries in quarantine. */
  readonly quarantined: number;
}

/** Reads a snapshot of the tables in `keyColumns`, and of rivulet's system tables. */
export async function readSnapshot(
  storage: Storage,
  keyColumns: ChaosService["keyColumns"],
): Promise<DatabaseSnapshot> {
  const query = (sql: string): Promise<SqlRow[]> => storage.query(sql).catch(emptyIfMissing);
  const rows: Record<string, MetadataByKey> = {};
  const liveKeys: Record<string, readonly string[]> = {};
  for (const [table, columns] of Object.entries(keyColumns)) {
    const sql = `SELECT ${columns.join(", ")}, _deleted, _synced_at FROM "${table}"`;
    const found = await storage.query(sql).catch((error: unknown) => {
      if (!isMissing(error)) throw error;
      return undefined;
    });
    if (!found) continue;
    const entries = found.map(({ _deleted, _synced_at: syncedAt, ...row }) => {
      const key = keyText(columns.map((column) => row[column]));
      return [key, { isDeleted: ![0, "f"].includes(_deleted as never), syncedAt }] as const;
    });
    rows[table] = new Map(entries);
    liveKeys[table] = entries.flatMap(([key, { isDeleted }]) => (isDeleted ? [] : [key]));
  }
  const state = "SELECT stream, partition, checkpoint FROM _rivulet_state";
  const checkpoints = await query(`${state} WHERE stream <> '' AND checkpoint IS NOT NULL`);
  const syncs = await query(
    "SELECT id, status, rows, ended_at, error FROM _rivulet_sync ORDER BY started_at",
  );
  const quarantine = await query("SELECT key FROM _rivulet_quarantine");
  return {
    rows,
    liveKeys,
    syncs: syncs.map((row) => syncRow.parse(row)),
    checkpoints: checkpoints.map(({ stream, partition, checkpoint }) => ({
      stream: String(stream),
      partition: String(partition),
      checkpoint: z.record(z.string(), z.unknown()).parse(JSON.parse(String(checkpoint))),
    })),
    quarantined: quarantine.length,
  };
}

/** Counts a table's changes between two snapshots. A row that came back counts as updated. */
export function changesBetween(
  before: MetadataByKey = new Map(),
  after: MetadataByKey = new Map(),
): Readonly<Record<"inserted" | "updated" | "deleted", number>> {
  const changes = { inserted: 0, updated: 0, deleted: 0 };
  for (const [key, { isDeleted, syncedAt }] of after) {
    const old = before.get(key);
    if (!old) changes.inserted += 1;
    else if (old.syncedAt !== syncedAt) changes[isDeleted ? "deleted" : "updated"] += 1;
  }
  return changes;
}

/** Reads the quarantine, without what necessarily differs between two databases. */
export async function readQuarantine(
  storage: Storage,
  { syncTimeColumns = [] }: Pick<ChaosService, "syncTimeColumns">,
): Promise<readonly unknown[]> {
  const rows = await storage.query(
    "SELECT stream, key, payload, reason FROM _rivulet_quarantine ORDER BY 1, 2",
  );
  const removeTime = (payload: string, column: string): string =>
    payload.replace(new RegExp(`"${column}":"[^"]*"`), "");
  return rows.map((row) => ({
    ...row,
    payload: syncTimeColumns.reduce(removeTime, String(row["payload"])),
  }));
}

function emptyIfMissing(error: unknown): SqlRow[] {
  if (isMissing(error)) return [];
  throw error;
}

function isMissing(error: unknown): boolean {
  return /no such (?:table|column)|does not exist|there is no database yet/.test(String(error));
}
