import type { Database } from "better-sqlite3";
import type { ExistingTable } from "../sql/dialect.ts";
import { collationMark } from "./column-storage.ts";

interface Column {
  readonly name: string;
  readonly type: string;
  /** The position in the primary key, from 1; 0 for other columns. */
  readonly pk: number;
  readonly notnull: number;
  readonly dflt_value: string | null;
  /** 0 for ordinary columns, 1 for those of virtual tables, 2 and 3 for generated ones. */
  readonly hidden: number;
}

/** What has this name, from the catalog. SQLite ignores the case of ASCII letters. */
export function findTable(db: Database, name: string): ExistingTable | undefined {
  const found = db
    .prepare<[string], { type: string; name: string }>(
      "select type, name from sqlite_schema where type <> 'trigger' and name = ? collate nocase",
    )
    .get(name);
  if (!found) return undefined;
  const columns = db
    .prepare<[string], Column>(
      'select name, type, pk, "notnull", dflt_value, hidden from pragma_table_xinfo(?)',
    )
    .all(found.name);
  const typeOf = typesWithCollation(db, found.name);
  const key = columns.filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk);
  return {
    kind: found.type === "index" ? "an index" : `a ${found.type}`,
    columns: new Map(columns.map((column) => [column.name, typeOf(column)])),
    primaryKey: key.map((column) => column.name),
    required: columns.filter(isRequired).map((column) => column.name),
    nullable: columns.filter(({ notnull }) => notnull === 0).map((column) => column.name),
    generated: columns.filter(({ hidden }) => hidden > 1).map((column) => column.name),
  };
}

/** The collation of a key is that of its index; others are in the table's definition only. */
function typesWithCollation(db: Database, table: string): (column: Column) => string {
  const { sql = "" } =
    db
      .prepare<[string], { sql: string }>("select sql from sqlite_schema where name = ?")
      .get(table) ?? {};
  const keyCollations = new Map(
    db
      .prepare<[string], { name: string; coll: string }>(
        `select i.name, i.coll from pragma_index_list(?) as l, pragma_index_xinfo(l.name) as i
          where l.origin = 'pk' and i.key = 1`,
      )
      .all(table)
      .map(({ name, coll }) => [name, coll]),
  );
  return ({ name, type }) => {
    const declared = type.toLowerCase();
    if (!/collate/i.test(sql) || !/char|clob|text/.test(declared)) return declared;
    const collation = keyCollations.get(name) ?? "unknown";
    return collation === "BINARY" ? declared : `${declared}${collationMark}${collation}`;
  };
}

function isRequired({ notnull, dflt_value, hidden }: Column): boolean {
  return notnull !== 0 && dflt_value === null && hidden === 0;
}
