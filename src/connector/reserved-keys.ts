/** The names that a C8 collection reserves; the first is its primary key. */
export const collectionKeys: readonly string[] = ["_key", "_id", "_rev"];

/**
 * The new names of columns, by their old ones: a reserved name is prefixed with underscores until
 * it is unique. The first reserved key is the target's primary key (`""`: none); if a source's
 * primary key has the same name, it keeps it.
 */
export function renameReservedColumns(
  columns: readonly string[],
  primaryKey: readonly string[],
  reserved: readonly string[],
): ReadonlyMap<string, string> {
  const sharedKey = reserved[0] === primaryKey[0] ? reserved[0] : undefined;
  const usedNames = new Set([...columns, ...reserved]);
  return new Map(
    columns.map((column) => {
      if (column === sharedKey || !reserved.includes(column)) return [column, column];
      const name = freeName(column, usedNames);
      usedNames.add(name);
      return [column, name];
    }),
  );
}

function freeName(name: string, usedNames: ReadonlySet<string>): string {
  return usedNames.has(name) ? freeName(`_${name}`, usedNames) : name;
}
