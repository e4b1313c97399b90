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

const syncShape = z.object({
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
export type SyncRow = z.output<typeof syncShape>;

/** What a table's own columns say of a row. */
interface Mark {
  readonly isDeleted: boolean;
  readonly syncedAt: unknown;
}

type Marks = ReadonlyMap<string, Mark>;

/** What a database says of itself. What is not there yet is empty. */
export interface Ledger {
  /** Rows of each table that there is, those that are marked as deleted too, by key. */
  readonly rows: Readonly<Record<string, Marks>>;
  readonly standing: Keys;
  /** Oldest first. */
  readonly syncs: readonly SyncRow[];
  readonly checkpoints: readonly StoredCheckpoint[];
  readonly quarantined: number;
}

export async function readLedger(storage: Storage, keys: ChaosService["keys"]): Promise<Ledger> {
  const rows = (sql: string): Promise<SqlRow[]> => storage.query(sql).catch(ifMissing);
  const marks: Record<string, Marks> = {};
  const standing: Record<string, readonly string[]> = {};
  for (const [table, columns] of Object.entries(keys)) {
    const sql = `SELECT ${columns.join(", ")}, _deleted, _synced_at FROM "${table}"`;
    const found = await storage.query(sql).catch((error: unknown) => {
      if (!isMissing(error)) throw error;
      return undefined;
    });
    if (!found) continue;
    const marked = found.map(({ _deleted, _synced_at: syncedAt, ...row }) => {
      const key = keyText(columns.map((column) => row[column]));
      return [key, { isDeleted: ![0, "f"].includes(_deleted as never), syncedAt }] as const;
    });
    marks[table] = new Map(marked);
    standing[table] = marked.flatMap(([key, { isDeleted }]) => (isDeleted ? [] : [key]));
  }
  const state = "SELECT stream, partition, checkpoint FROM _rivulet_state";
  const found = await rows(`${state} WHERE stream <> '' AND checkpoint IS NOT NULL`);
  const syncs = await rows(
    "SELECT id, status, rows, ended_at, error FROM _rivulet_sync ORDER BY started_at",
  );
  const quarantine = await rows("SELECT key FROM _rivulet_quarantine");
  return {
    rows: marks,
    standing,
    syncs: syncs.map((row) => syncShape.parse(row)),
    checkpoints: found.map(({ stream, partition, checkpoint }) => ({
      stream: String(stream),
      partition: String(partition),
      checkpoint: z.record(z.string(), z.unknown()).parse(JSON.parse(String(checkpoint))),
    })),
    quarantined: quarantine.length,
  };
}

/** How many rows of a table came, changed or came back, and went, between two moments. */
export function changesBetween(
  before: Marks = new Map(),
  after: Marks = new Map(),
): Readonly<Record<"inserted" | "updated" | "deleted", number>> {
  const counted = { inserted: 0, updated: 0, deleted: 0 };
  for (const [key, { isDeleted, syncedAt }] of after) {
    const old = before.get(key);
    if (!old) counted.inserted += 1;
    else if (old.syncedAt !== syncedAt) counted[isDeleted ? "deleted" : "updated"] += 1;
  }
  return counted;
}

function ifMissing(error: unknown): SqlRow[] {
  if (isMissing(error)) return [];
  throw error;
}

function isMissing(error: unknown): boolean {
  return /no such (?:table|column)|does not exist|there is no database yet/.test(String(error));
}
