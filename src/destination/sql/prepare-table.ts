import { sql, type RawBuilder } from "kysely";
import { ConfigError } from "../../core/errors.ts";
import type { Table } from "../../core/schema.ts";
import { checkTable, checkWidth } from "./check-table.ts";
import { columnInTable } from "./column-in-table.ts";
import { assignColumnNames, deletedColumn, syncedAtColumn } from "./column-names.ts";
import type {
  Dialect,
  ExistingTable,
  PreparedColumn,
  PreparedTable,
  Transaction,
} from "./dialect.ts";
import { keyNames } from "./key-names.ts";
import { systemPrefix } from "./system-tables.ts";
import { escapeUnstorable } from "./text-escaping.ts";

/** A table that is ready to be written to. */
interface PrepareResult {
  readonly table: PreparedTable;
  /** Whether the table or one of its columns is new, so that earlier rows are missing in it. */
  readonly needsReload: boolean;
}

/** Prepares tables one after the other. `onTable` is called before the statements for each. */
export async function prepareTables(
  dialect: Dialect,
  tx: Transaction,
  { tables, onTable }: { tables: readonly Table[]; onTable: (stream: string) => void },
): Promise<readonly PrepareResult[]> {
  const result: PrepareResult[] = [];
  for (const table of tables) {
    onTable(table.name);
    result.push(await prepareTable(dialect, tx, table));
  }
  return result;
}

/**
 * Creates a stream's table, or adds and widens columns of the existing one; never drops. Throws a
 * ConfigError if the existing table does not fit.
 */
async function prepareTable(
  dialect: Dialect,
  tx: Transaction,
  table: Table,
): Promise<PrepareResult> {
  const name = tableName(dialect, table.name);
  const existing = await tx.findTable(name);
  const prepared = describeTable(dialect, table, { name, existing });
  checkWidth(dialect, prepared, existing);
  if (!existing) {
    await createTable(dialect, tx, prepared);
    return { table: prepared, needsReload: true };
  }
  checkTable(dialect, prepared, existing);
  const columns: PreparedColumn[] = [];
  for (const column of prepared.columns) {
    columns.push(await reconcileColumn(dialect, tx, { column, table: prepared, existing }));
  }
  for (const [column, definition] of systemColumns(dialect)) {
    if (!existing.columns.has(column)) await addColumn(tx, name, { column, definition });
  }
  const firstRow = await sql`select 1 from ${tx.table(name)} limit 1`.execute(tx.db);
  const expected = [...columns.map(({ name: column }) => column), syncedAtColumn, deletedColumn];
  return {
    table: { ...prepared, columns, hadRows: firstRow.rows.length > 0 },
    needsReload: expected.some((column) => !existing.columns.has(column)),
  };
}

/**
 * A stream's table as a sync would find it, with the types of its columns; changes nothing. Throws
 * a ConfigError if the existing table does not fit.
 */
export function describeExistingTable(
  dialect: Dialect,
  table: Table,
  existing: ExistingTable,
): PreparedTable {
  const name = tableName(dialect, table.name);
  const described = describeTable(dialect, table, { name, existing });
  checkTable(dialect, described, existing);
  const columns = described.columns.map((column) => {
    const type = existing.columns.get(column.name);
    if (type === undefined) return column;
    return columnInTable(dialect.mapping, described, { column, existing: type }) ?? column;
  });
  return { ...described, columns };
}

/** The database name of a stream's table. Throws a ConfigError for names of system tables. */
export function tableName({ naming }: Dialect, stream: string): string {
  const name = naming.toDatabaseName(escapeUnstorable(stream));
  if (!naming.foldCase(name).startsWith(systemPrefix)) return name;
  throw new ConfigError(
    `table "${name}": names that begin with ${systemPrefix} are reserved for rivulet`,
  );
}

/** A stream's table with its database names, and with the types that the source declares. */
export function describeTable(
  { naming }: Dialect,
  { name: stream, columns: declared, primaryKey, stamped = [] }: Table,
  { name, existing }: { name: string; existing: ExistingTable | undefined },
): PreparedTable {
  const sources = Object.keys(declared);
  const byName = assignColumnNames(sources, new Set(existing?.columns.keys()), naming);
  const columns = Object.entries(declared).map(([source, type]) => ({
    source,
    name: byName.get(source) ?? source,
    type,
  }));
  const keyIndexes = primaryKey.map((column) => sources.indexOf(column));
  const stampedIndexes = stamped.map((column) => sources.indexOf(column));
  return { stream, name, columns, keyIndexes, stampedIndexes, hadRows: false };
}

async function createTable(dialect: Dialect, tx: Transaction, table: PreparedTable): Promise<void> {
  const { types, keyCollation } = dialect.mapping;
  const columns = table.columns.map(({ name, type }, index) => {
    if (!table.keyIndexes.includes(index)) return sql`${sql.id(name)} ${sql.raw(types[type])}`;
    const collation = types[type] === types.string ? keyCollation : "";
    return sql`${sql.id(name)} ${sql.raw(`${types[type]}${collation} not null`)}`;
  });
  const system = systemColumns(dialect).map(([name, type]) => sql`${sql.id(name)} ${type}`);
  const key = sql`primary key (${sql.join(keyNames(table).map((name) => sql.id(name)))})`;
  await sql`create table ${tx.table(table.name)} (${sql.join([...columns, ...system, key])})`.execute(
    tx.db,
  );
}

function systemColumns({ mapping: { types } }: Dialect): [string, RawBuilder<unknown>][] {
  return [
    [syncedAtColumn, sql.raw(types.timestamp)],
    [deletedColumn, sql.raw(`${types.boolean} not null default false`)],
  ];
}

async function addColumn(
  tx: Transaction,
  table: string,
  { column, definition }: { column: string; definition: RawBuilder<unknown> },
): Promise<void> {
  await sql`alter table ${tx.table(table)} add column ${sql.id(column)} ${definition}`.execute(
    tx.db,
  );
}

/** Adds or widens a column to fit its declared type. Returns the column with its actual type. */
async function reconcileColumn(
  dialect: Dialect,
  tx: Transaction,
  {
    column,
    table,
    existing,
  }: { column: PreparedColumn; table: PreparedTable; existing: ExistingTable },
): Promise<PreparedColumn> {
  const { types } = dialect.mapping;
  const found = existing.columns.get(column.name);
  if (found === undefined) {
    const definition = sql.raw(types[column.type]);
    await addColumn(tx, table.name, { column: column.name, definition });
    return column;
  }
  const actual = columnInTable(dialect.mapping, table, { column, existing: found });
  if (actual) return actual;
  const reason = await tx.widen(table.name, column.name);
  if (reason === undefined) return column;
  throw new ConfigError(
    `${dialect.label}: table "${table.name}": column "${column.name}": expected ${types[column.type]}, found ${found}, which cannot be changed: ${reason}; change the column by hand, or rename the table`,
  );
}
