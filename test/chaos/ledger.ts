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

/** What a database says of itself. What is not there yet is empty. */
export interface Ledger {
  /** Rows of each table, those that are marked as deleted too. */
  readonly sizes: Readonly<Record<string, number>>;
  readonly standing: Keys;
  /** Oldest first. */
  readonly syncs: readonly SyncRow[];
  readonly checkpoints: readonly StoredCheckpoint[];
  readonly quarantined: number;
}

export async function readLedger(storage: Storage, keys: ChaosService["keys"]): Promise<Ledger> {
  const rows = (sql: string): Promise<SqlRow[]> => storage.query(sql).catch(ifMissing);
  const sizes: Record<string, number> = {};
  const standing: Record<string, readonly string[]> = {};
  for (const [table, columns] of Object.entries(keys)) {
    const found = await rows(`SELECT ${columns.join(", ")}, _deleted FROM "${table}"`);
    sizes[table] = found.length;
    standing[table] = found
      .filter(({ _deleted }) => [0, "f"].includes(_deleted as never))
      .map((row) => keyText(columns.map((column) => row[column])));
  }
  const state = "SELECT stream, partition, checkpoint FROM _rivulet_state";
  const found = await rows(`${state} WHERE stream <> '' AND checkpoint IS NOT NULL`);
  const syncs = await rows(
    "SELECT id, status, rows, ended_at, error FROM _rivulet_sync ORDER BY started_at",
  );
  const quarantine = await rows("SELECT key FROM _rivulet_quarantine");
  return {
    sizes,
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

function ifMissing(error: unknown): SqlRow[] {
  if (/no such (?:table|column)|does not exist|there is no database yet/.test(String(error)))
    return [];
  throw error;
}
