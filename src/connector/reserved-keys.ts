/** The names that a C8 collection keeps for itself; the first is its primary key. */
export const collectionKeys: readonly string[] = ["_key", "_id", "_rev"];

/**
 * The names of columns, by their own, where some are reserved: an underscore is put before a reserved one until nobody else has that name. What
 * counts is that the column is there, whatever its value. The first reserved key is the primary key over there (`""` for none): a
 * source's own primary key of that name keeps it.
 */
export function renameReservedColumns(
  columns: readonly string[],
  primaryKey: readonly string[],
  reserved: readonly string[],
): ReadonlyMap<string, string> {
  const kept = reserved[0] === primaryKey[0] ? reserved[0] : undefined;
  const taken = new Set([...columns, ...reserved]);
  return new Map(
    columns.map((column) => {
      if (column === kept || !reserved.includes(column)) return [column, column];
      const name = freeName(column, taken);
      taken.add(name);
      return [column, name];
    }),
  );
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  return taken.has(name) ? freeName(`_${name}`, taken) : name;
}
