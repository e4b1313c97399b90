import { ConfigError } from "../../core/errors.ts";
import type { Dialect, PreparedColumn, PreparedTable } from "./dialect.ts";

/**
 * A column as the existing table has it; undefined if it must be widened first. Throws a
 * ConfigError if its type cannot store the values.
 */
export function columnInTable(
  { label, mapping }: Pick<Dialect, "label" | "mapping">,
  table: PreparedTable,
  { column, existing }: { readonly column: PreparedColumn; readonly existing: string },
): PreparedColumn | undefined {
  const { types } = mapping;
  const { type } = column;
  const where = `${label}: table "${table.name}": column "${column.name}"`;
  if (existing === types[type]) return column;
  if (type === "integer" && existing === types.double) return { ...column, type: "double" };
  const isKey = table.keyIndexes.some((index) => table.columns[index] === column);
  const storage = mapping.storage(type, existing);
  if (storage?.keyProblem !== undefined && isKey) {
    throw new ConfigError(
      `${where}: expected ${types[type]} in the primary key, found ${existing}: ${storage.keyProblem}; change the column's type by hand, or use another destination`,
    );
  }
  if (storage?.holdsFractions === true && type === "integer" && !isKey)
    return { ...column, type: "decimal", storage };
  if (storage) return { ...column, storage };
  if (type === "double" && isInteger(mapping, existing)) return undefined;
  throw new ConfigError(
    `${where}: expected ${types[type]}, found ${existing}; change the column's type by hand, rename it, or use another destination`,
  );
}

function isInteger({ types, storage }: Dialect["mapping"], existing: string): boolean {
  return existing === types.integer || storage("integer", existing) !== undefined;
}
