import type { Database } from "better-sqlite3";
import type { SqlValue } from "../sql/sql-value.ts";

/** Puts keys into a table of this connection, of which the file knows nothing, with columns `k0`, `k1`… of these types. Says its name. */
export function stageKeys(
  db: Database,
  types: readonly string[],
  keys: readonly SqlValue[][],
): string {
  // One table for each shape of keys: dropping it would make SQLite prepare every other statement again.
  const name = ["rivulet_keys", ...types].join("_");
  const places = types.map((_, index) => `k${index}`);
  const definitions = types.map((type, index) => `k${index} ${type}`);
  db.exec(`create table if not exists temp.${name}
    (${definitions.join(",")}, primary key (${places.join(",")})) without rowid; delete from temp.${name}`);
  const marks = places.map(() => "?").join(",");
  const insert = db.prepare(`insert or ignore into temp.${name} values (${marks})`);
  for (const values of keys) insert.run(values);
  return name;
}
