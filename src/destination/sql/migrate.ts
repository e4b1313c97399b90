import { Migrator } from "kysely";
import { ConfigError } from "../../core/errors.ts";
import { migrations } from "../../../migrations/migrations.ts";
import type { Dialect, Transaction } from "./dialect.ts";
import { systemPrefix } from "./system-tables.ts";

const migrationTable = "_rivulet_migration";
const systemTableNames = ["_rivulet_state", "_rivulet_sync", "_rivulet_quarantine"] as const;

/** Makes, or brings up to date, rivulet's own tables. Throws a ConfigError where they were made by a newer rivulet. */
export async function migrate(
  { label, mapping: { types } }: Dialect,
  tx: Transaction,
): Promise<void> {
  const all = migrations({ timestamp: types.timestamp, json: types.json });
  const done = await appliedMigrations(tx);
  const unknown = done.find((name) => !Object.hasOwn(all, name));
  if (unknown !== undefined) {
    throw new ConfigError(
      `${label}: made by a newer rivulet, which knows "${unknown}"; upgrade this one, or use another destination`,
    );
  }
  if (Object.keys(all).every((name) => done.includes(name))) {
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
      `${label}: the table "${name}" is gone; restore it, or drop all tables that begin with ${systemPrefix} too, after which everything is read again`,
    );
  }
}

async function appliedMigrations(tx: Transaction): Promise<string[]> {
  if (!(await tx.findTable(migrationTable))) return [];
  const rows = await tx.db.selectFrom(migrationTable).select("name").execute();
  return rows.map(({ name }) => name);
}
