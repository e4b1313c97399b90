import type { TestDatabase } from "./databases.ts";

type Rows = readonly Readonly<Record<string, unknown>>[];

/** Which rows to read. */
interface ContentsOptions {
  /** Leaves out deleted rows, which a database that was filled later never had. */
  readonly withoutDeleted?: boolean;
}

/** Every cell of a source's tables except `_synced_at`, ordered by the first three columns. */
export async function contents(
  database: TestDatabase,
  { withoutDeleted = false }: ContentsOptions = {},
): Promise<Record<string, Rows>> {
  const tables: Record<string, Rows> = {};
  for (const { name } of await database.query(tableNames[database.dialect])) {
    const table = String(name);
    if (table.startsWith("_rivulet")) continue;
    const where = withoutDeleted ? "WHERE NOT _deleted" : "";
    const rows = await database.query(`SELECT * FROM "${table}" ${where} ORDER BY 1, 2, 3`);
    tables[table] = rows.map((row) => {
      return Object.fromEntries(Object.entries(row).filter(([column]) => column !== "_synced_at"));
    });
  }
  return tables;
}

const tableNames = {
  sqlite: "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1",
  postgres:
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1",
} as const;
