import type { PreparedTable } from "./dialect.ts";

/** The database names of the primary key's columns. */
export function keyNames({ columns, keyIndexes }: PreparedTable): string[] {
  return keyIndexes.map((index) => columns[index]?.name ?? "");
}
