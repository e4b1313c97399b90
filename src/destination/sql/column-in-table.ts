import { ConfigError, MisfitColumnsError } from "../../core/errors.ts";
import type { Dialect, ExistingTable, PreparedColumn, PreparedTable } from "./dialect.ts";

type Mapping = Dialect["mapping"];

/** A column, and its type in the existing table. */
interface FoundColumn {
  readonly column: PreparedColumn;
  readonly existing: string;
}

/**
 * Throws a ConfigError if a key column of an existing table has a type that cannot hold the values,
 * and a MisfitColumnsError if others do.
 */
export function checkColumnTypes(
  { label, mapping }: Pick<Dialect, "label" | "mapping">,
  table: PreparedTable,
  { columns }: ExistingTable,
): void {
  const where = `${label}: table "${table.name}"`;
  const misfits = new Map<string, string>();
  for (const column of table.columns) {
    const existing = columns.get(column.name);
    if (existing === undefined) continue;
    const problem = typeProblem(mapping, table, { column, existing });
    if (problem === undefined) continue;
    const description = `column "${column.name}": ${problem}`;
    if (isInKey(table, column))
      throw new ConfigError(
        `${where}: ${description}; change the column's type by hand, rename the table, or use another destination`,
      );
    misfits.set(column.source, description);
  }
  const [first] = misfits.values();
  if (first === undefined) return;
  throw new MisfitColumnsError(
    `${where}: ${first}; change the column's type by hand, rename it, or use another destination`,
    { stream: table.stream, columns: misfits },
  );
}

/**
 * A column as the existing table has it, once `checkColumnTypes` has accepted it; undefined if it
 * must be widened first.
 */
export function columnInTable(
  { types, storage: storageOf }: Mapping,
  table: PreparedTable,
  { column, existing }: FoundColumn,
): PreparedColumn | undefined {
  const { type } = column;
  if (existing === types[type]) return column;
  if (type === "integer" && existing === types.double) return { ...column, type: "double" };
  const storage = storageOf(type, existing);
  if (storage?.holdsFractions === true && type === "integer" && !isInKey(table, column))
    return { ...column, type: "decimal", storage };
  return storage && { ...column, storage };
}

function typeProblem(
  { types, storage: storageOf }: Mapping,
  table: PreparedTable,
  { column, existing }: FoundColumn,
): string | undefined {
  const { type } = column;
  if (existing === types[type] || (type === "integer" && existing === types.double))
    return undefined;
  const isKey = isInKey(table, column);
  const expected = `expected ${types[type]}${isKey ? " in the primary key" : ""}, found ${existing}`;
  const storage = storageOf(type, existing);
  if (storage)
    return isKey && storage.keyProblem !== undefined
      ? `${expected}: ${storage.keyProblem}`
      : undefined;
  const isInteger = existing === types.integer || storageOf("integer", existing) !== undefined;
  return type === "double" && isInteger ? undefined : expected;
}

function isInKey({ columns, keyIndexes }: PreparedTable, column: PreparedColumn): boolean {
  return keyIndexes.some((index) => columns[index] === column);
}
