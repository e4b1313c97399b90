import type { Transaction } from "./dialect.ts";
import type { WritableTable } from "./writable-table.ts";

/**
 * Widens columns so that they hold fractions. Returns the table as it is then, and which of its
 * columns the database could not widen.
 */
export async function widenColumns(
  tx: Transaction,
  { table, unwidenable }: WritableTable,
  columns: ReadonlySet<string>,
): Promise<Pick<WritableTable, "table" | "unwidenable">> {
  const failed = new Set(unwidenable);
  for (const name of columns) {
    if ((await tx.widen(table.name, name)) !== undefined) failed.add(name);
  }
  const widened = table.columns.map((column) =>
    columns.has(column.name) && !failed.has(column.name)
      ? { ...column, type: "double" as const }
      : column,
  );
  return { table: { ...table, columns: widened }, unwidenable: failed };
}
