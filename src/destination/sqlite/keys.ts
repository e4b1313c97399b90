import type { Database } from "better-sqlite3";
import { sql, type RawBuilder } from "kysely";
import type { PreparedColumn, SqlValue } from "../dialect.ts";
import { sqliteValues } from "./values.ts";

/** Puts keys into a table of this connection, of which the file knows nothing. */
export function stageKeys(
  db: Database,
  columns: readonly PreparedColumn[],
  keys: readonly SqlValue[][],
): RawBuilder<unknown> {
  const types = columns.map(({ type }) => sqliteValues.types[type]);
  // One table for each shape of keys: dropping it would make SQLite prepare every other statement again.
  const name = ["rivulet_keys", ...types].join("_");
  const places = types.map((_, index) => `k${index}`);
  const definitions = types.map((type, index) => `k${index} ${type}`);
  db.exec(`create table if not exists temp.${name}
    (${definitions.join(",")}, primary key (${places.join(",")})) without rowid; delete from temp.${name}`);
  const marks = places.map(() => "?").join(",");
  const insert = db.prepare(`insert or ignore into temp.${name} values (${marks})`);
  for (const values of keys) insert.run(values);
  return sql.id("temp", name);
}
