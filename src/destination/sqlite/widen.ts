import type { Database } from "better-sqlite3";
import { messageOf } from "../../core/errors.ts";
import { errorCode } from "./errors.ts";
import { findTable } from "./find-table.ts";
import { quoteIdentifier } from "./quote-identifier.ts";

/**
 * Changes an integer column to double, as SQLite's documentation recommends: creates a table with
 * the changed definition, copies the rows and recreates indexes and triggers. Views stay. If that
 * is impossible, returns the reason.
 *
 * @see https://www.sqlite.org/lang_altertable.html#otheralter
 */
export function widenColumn(db: Database, table: string, column: string): string | undefined {
  const original = quoteIdentifier(table);
  if (losesPrecision(db, original, quoteIdentifier(column)))
    return "it holds integers that a double cannot hold";
  const definition = tableDefinition(db, table);
  const widened = definition.replace(
    `${quoteIdentifier(column)} integer`,
    () => `${quoteIdentifier(column)} real`,
  );
  if (widened === definition) return "its table was not created by rivulet";
  const reason = replaceTable(db, table, widened);
  if (reason !== undefined) return reason;
  if (findTable(db, table)?.columns.get(column) !== "real")
    throw new Error(`${original}: not widened`);
  return undefined;
}

/** If SQLite refuses a statement, undoes all of them and returns its message. */
function replaceTable(db: Database, table: string, definition: string): string | undefined {
  const dependents = indexesAndTriggers(db, table);
  const names = storedColumns(db, table).map(quoteIdentifier).join(",");
  const [name, old] = [quoteIdentifier(table), quoteIdentifier("_rivulet_widened")];
  db.pragma("legacy_alter_table = on");
  db.exec("savepoint rivulet_widen");
  try {
    db.exec(`alter table ${name} rename to ${old}; ${definition};
      insert into ${name} (${names}) select ${names} from ${old}; drop table ${old}`);
    for (const sql of dependents) db.exec(sql);
    db.exec("release rivulet_widen");
    return undefined;
  } catch (error) {
    if (errorCode(error) !== "SQLITE_ERROR") throw error;
    db.exec("rollback to rivulet_widen; release rivulet_widen");
    return messageOf(error);
  } finally {
    db.pragma("legacy_alter_table = off");
  }
}

/** Beyond 2^53, not every integer has a double. */
function losesPrecision(db: Database, table: string, column: string): boolean {
  const max = Number.MAX_SAFE_INTEGER;
  return (
    db
      .prepare(`select 1 from ${table} where ${column} > ${max} or ${column} < -${max} limit 1`)
      .get() !== undefined
  );
}

function tableDefinition(db: Database, table: string): string {
  const row = db
    .prepare<[string], { sql: string }>(
      "select sql from sqlite_schema where type = 'table' and name = ? collate nocase",
    )
    .get(table);
  return row?.sql ?? "";
}

/** The definitions of indexes and triggers. Indexes that constraints create have none. */
function indexesAndTriggers(db: Database, table: string): string[] {
  return db
    .prepare<[string], { sql: string }>(
      "select sql from sqlite_schema where type in ('index', 'trigger') and tbl_name = ? collate nocase and sql is not null",
    )
    .all(table)
    .map(({ sql }) => sql);
}

/** The columns that are not generated. */
function storedColumns(db: Database, table: string): string[] {
  return db
    .prepare<[string], { name: string }>("select name from pragma_table_xinfo(?) where hidden = 0")
    .all(table)
    .map(({ name }) => name);
}
