import type { Database } from "better-sqlite3";
import type { ExistingTable } from "../sql/dialect.ts";

interface Column {
  readonly name: string;
  readonly type: string;
  /** The position in the primary key, from 1; 0 for other columns. */
  readonly pk: number;
  readonly notnull: number;
  readonly dflt_value: string | null;
  /** 0 for ordinary columns; others are generated. */
  readonly hidden: number;
}

/** The table or view of this name, from the catalog. SQLite ignores the case of ASCII letters. */
export function findTable(db: Database, name: string): ExistingTable | undefined {
  const found = db
    .prepare<[string], { type: string; name: string }>(
      "select type, name from sqlite_schema where type in ('table', 'view') and name = ? collate nocase",
    )
    .get(name);
  if (!found) return undefined;
  const columns = db
    .prepare<[string], Column>(
      'select name, type, pk, "notnull", dflt_value, hidden from pragma_table_xinfo(?)',
    )
    .all(found.name);
  const key = columns.filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk);
  return {
    kind: found.type,
    columns: new Map(columns.map((column) => [column.name, column.type.toLowerCase()])),
    primaryKey: key.map((column) => column.name),
    required: columns.filter(isRequired).map((column) => column.name),
  };
}

function isRequired({ notnull, dflt_value, hidden }: Column): boolean {
  return notnull !== 0 && dflt_value === null && hidden === 0;
}
