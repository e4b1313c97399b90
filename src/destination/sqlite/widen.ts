import type { Database } from "better-sqlite3";
import { findTable } from "./find-table.ts";
import { quoteIdentifier } from "./quote-identifier.ts";

/**
 * Makes an integer column a double by the way that SQLite's documentation recommends: a new table from the same definition but for this type, into which
 * the rows are copied; indexes and triggers are made again, views stay. Says why not, where it cannot be done.
 *
 * @see https://www.sqlite.org/lang_altertable.html#otheralter
 */
export function widenColumn(db: Database, table: string, column: string): string | undefined {
  const own = quoteIdentifier(table);
  if (losesPrecision(db, own, quoteIdentifier(column)))
    return "it holds integers that a double cannot hold";
  const definition = tableDefinition(db, table);
  const widened = definition.replace(
    `${quoteIdentifier(column)} integer`,
    () => `${quoteIdentifier(column)} real`,
  );
  if (widened === definition) return "its table was not made by rivulet";
  const attached = indexesAndTriggers(db, table);
  const names = storedColumns(db, table).map(quoteIdentifier).join(",");
  const old = quoteIdentifier("_rivulet_widened");
  db.pragma("legacy_alter_table = on");
  try {
    db.exec(`alter table ${own} rename to ${old}; ${widened};
      insert into ${own} (${names}) select ${names} from ${old}; drop table ${old}`);
    for (const sql of attached) db.exec(sql);
  } finally {
    db.pragma("legacy_alter_table = off");
  }
  if (findTable(db, table)?.columns.get(column) !== "real") throw new Error(`${own}: not widened`);
  return undefined;
}

/** Beyond 2^53 doubles are further apart than one. */
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

/** The definitions of indexes and triggers; an index that a constraint makes has none. */
function indexesAndTriggers(db: Database, table: string): string[] {
  return db
    .prepare<[string], { sql: string }>(
      "select sql from sqlite_schema where type in ('index', 'trigger') and tbl_name = ? collate nocase and sql is not null",
    )
    .all(table)
    .map(({ sql }) => sql);
}

/** The columns that are not computed from others. */
function storedColumns(db: Database, table: string): string[] {
  return db
    .prepare<[string], { name: string }>("select name from pragma_table_xinfo(?) where hidden = 0")
    .all(table)
    .map(({ name }) => name);
}
