import type { Database } from "better-sqlite3";
import type { SqlValue } from "../sql/sql-value.ts";

/**
 * Fills a temporary table with keys. Its columns are `k0`, `k1`… of these types. Returns its name.
 */
export function stageKeys(
  db: Database,
  types: readonly string[],
  keys: readonly SqlValue[][],
): string {
  // One table per list of types, never dropped: dropping makes SQLite recompile all statements.
  const name = ["rivulet_keys", ...types].join("_");
  const columns = types.map((_, index) => `k${index}`);
  const definitions = types.map((type, index) => `k${index} ${type}`);
  db.exec(`create table if not exists temp.${name}
    (${definitions.join(",")}, primary key (${columns.join(",")})) without rowid; delete from temp.${name}`);
  const placeholders = columns.map(() => "?").join(",");
  const insert = db.prepare(`insert or ignore into temp.${name} values (${placeholders})`);
  for (const values of keys) insert.run(values);
  return name;
}
