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
  for (const { name, storage } of table.columns) {
    if (!columns.has(name)) continue;
    // In a double, the numbers of such a column would lose digits.
    const isExact = storage?.holdsFractions !== undefined;
    if (isExact || (await tx.widen(table.name, name)) !== undefined) failed.add(name);
  }
  const widened = table.columns.map((column) => {
    const { source, name } = column;
    const isWidened = columns.has(name) && !failed.has(name);
    return isWidened ? { source, name, type: "double" as const } : column;
  });
  return { table: { ...table, columns: widened }, unwidenable: failed };
}
