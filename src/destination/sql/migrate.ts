import { Migrator } from "kysely";
import { ConfigError } from "../../core/errors.ts";
import { migrations } from "../../../migrations/migrations.ts";
import type { Dialect, Transaction } from "./dialect.ts";
import { systemPrefix } from "./system-tables.ts";

const migrationTable = "_rivulet_migration";
const systemTableNames = ["_rivulet_state", "_rivulet_sync", "_rivulet_quarantine"] as const;

/**
 * Creates or upgrades the system tables. Throws a ConfigError if a newer rivulet created them, or
 * if one is missing.
 */
export async function migrate(
  { label, mapping: { types } }: Dialect,
  tx: Transaction,
): Promise<void> {
  const all = migrations({ timestamp: types.timestamp, json: types.json });
  const applied = await appliedMigrations(tx);
  const unknown = applied.find((name) => !Object.hasOwn(all, name));
  if (unknown !== undefined) {
    throw new ConfigError(
      `${label}: created by a newer rivulet (migration "${unknown}"); upgrade rivulet, or use another destination`,
    );
  }
  if (Object.keys(all).every((name) => applied.includes(name))) {
    await checkSystemTables(label, tx);
    return;
  }
  const { error } = await new Migrator({
    db: tx.db,
    provider: { getMigrations: () => Promise.resolve({ ...all }) },
    migrationTableName: migrationTable,
    migrationLockTableName: "_rivulet_migration_lock",
    ...(tx.schema === undefined ? {} : { migrationTableSchema: tx.schema }),
  }).migrateToLatest();
  if (error instanceof Error) throw error;
}

async function checkSystemTables(label: string, tx: Transaction): Promise<void> {
  for (const name of systemTableNames) {
    if (await tx.findTable(name)) continue;
    throw new ConfigError(
      `${label}: the table "${name}" is missing; restore it, or drop all tables that begin with ${systemPrefix}, after which everything is read again`,
    );
  }
}

async function appliedMigrations(tx: Transaction): Promise<string[]> {
  if (!(await tx.findTable(migrationTable))) return [];
  const rows = await tx.db.selectFrom(migrationTable).select("name").execute();
  return rows.map(({ name }) => name);
}
