import { sql, type RawBuilder } from "kysely";
import { ConfigError } from "../../core/errors.ts";
import type { Table } from "../../core/schema.ts";
import { assignColumnNames, deletedColumn, syncedAtColumn } from "./column-names.ts";
import type {
  Dialect,
  ExistingTable,
  PreparedColumn,
  PreparedTable,
  Transaction,
} from "./dialect.ts";
import { systemPrefix } from "./system-tables.ts";
import { escapeUnstorable } from "./text-escaping.ts";

/** A table that rows can be written to. */
export interface PrepareResult {
  readonly table: PreparedTable;
  /** Whether the table, or a column of it, was not there: what was read before is not in it. */
  readonly needsReload: boolean;
}

/** Creates a stream's table, or adds and widens columns of the one that is there; never drops. */
export async function prepareTable(
  dialect: Dialect,
  tx: Transaction,
  table: Table,
): Promise<PrepareResult> {
  const name = tableName(dialect, table.name);
  const found = await tx.findTable(name);
  const prepared = describeTable(dialect, table, { name, found });
  if (!found) {
    await createTable(dialect, tx, prepared);
    return { table: prepared, needsReload: true };
  }
  checkTable(dialect, prepared, found);
  const columns: PreparedColumn[] = [];
  for (const column of prepared.columns) {
    columns.push(
      await reconcileColumn(dialect, tx, {
        column,
        table: name,
        found: found.columns.get(column.name),
      }),
    );
  }
  for (const [column, definition] of systemColumns(dialect)) {
    if (!found.columns.has(column)) await addColumn(tx, name, { column, definition });
  }
  const some = await sql`select 1 from ${tx.table(name)} limit 1`.execute(tx.db);
  const expected = [...columns.map(({ name: column }) => column), syncedAtColumn, deletedColumn];
  return {
    table: { ...prepared, columns, hadRows: some.rows.length > 0 },
    needsReload: expected.some((column) => !found.columns.has(column)),
  };
}

/** The name in the database of a stream's table. */
export function tableName({ naming }: Dialect, stream: string): string {
  const name = naming.toDatabaseName(escapeUnstorable(stream));
  if (!naming.foldCase(name).startsWith(systemPrefix)) return name;
  throw new ConfigError(`table "${name}": names that begin with ${systemPrefix} are rivulet's own`);
}

/** A stream's table with the names that it has in the database, as if all of it were as declared. */
export function describeTable(
  { naming }: Dialect,
  { name: stream, columns: declared, primaryKey, stamped = [] }: Table,
  { name, found }: { name: string; found: ExistingTable | undefined },
): PreparedTable {
  const sources = Object.keys(declared);
  const existing = new Set(found?.columns.keys());
  const byName = assignColumnNames(sources, existing, naming);
  const columns = Object.entries(declared).map(([source, type]) => ({
    source,
    name: byName.get(source) ?? source,
    type,
  }));
  const key = primaryKey.map((column) => sources.indexOf(column));
  const stamps = stamped.map((column) => sources.indexOf(column));
  return { stream, name, columns, keyIndexes: key, stampedIndexes: stamps, hadRows: false };
}

async function createTable(dialect: Dialect, tx: Transaction, table: PreparedTable): Promise<void> {
  const { types, keyCollation } = dialect.mapping;
  const columns = table.columns.map(({ name, type }, index) => {
    if (!table.keyIndexes.includes(index)) return sql`${sql.id(name)} ${sql.raw(types[type])}`;
    const collation = types[type] === types.string ? keyCollation : "";
    return sql`${sql.id(name)} ${sql.raw(`${types[type]}${collation} not null`)}`;
  });
  const ours = systemColumns(dialect).map(([name, type]) => sql`${sql.id(name)} ${type}`);
  const key = sql`primary key (${sql.join(keyNames(table).map((name) => sql.id(name)))})`;
  await sql`create table ${tx.table(table.name)} (${sql.join([...columns, ...ours, key])})`.execute(
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

/** The primary key's columns, by their names in the database. */
export function keyNames({ columns, keyIndexes }: PreparedTable): string[] {
  return keyIndexes.map((index) => columns[index]?.name ?? "");
}

function checkTable({ label }: Dialect, table: PreparedTable, found: ExistingTable): void {
  const where = `${label}: table "${table.name}"`;
  if (found.kind !== "table") {
    throw new ConfigError(
      `${where}: expected a table, found a ${found.kind}; rename it, or use another destination`,
    );
  }
  const [expected, actual] = [keyNames(table), found.primaryKey].map((names) =>
    [...names].sort().join(", "),
  );
  if (expected !== actual) {
    throw new ConfigError(
      `${where}: expected the primary key (${expected ?? ""}), found (${actual ?? ""}); rename the table, or use another destination`,
    );
  }
  const given = new Set([...table.columns.map(({ name }) => name), syncedAtColumn]);
  const foreign = found.required.find((column) => !given.has(column));
  if (foreign === undefined) return;
  throw new ConfigError(
    `${where}: column "${foreign}" is NOT NULL without a default, and no row brings a value for it; give it a default, or allow NULL`,
  );
}

/** Makes an existing table's column fit its declared type, and says what type it is now. */
async function reconcileColumn(
  { label, mapping: { types } }: Dialect,
  tx: Transaction,
  { column, table, found }: { column: PreparedColumn; table: string; found: string | undefined },
): Promise<PreparedColumn> {
  const expected = types[column.type];
  if (found === undefined) {
    await addColumn(tx, table, { column: column.name, definition: sql.raw(expected) });
    return column;
  }
  if (found === expected) return column;
  if (column.type === "integer" && found === types.double) return { ...column, type: "double" };
  const where = `${label}: table "${table}": column "${column.name}"`;
  if (column.type === "double" && found === types.integer) {
    const obstacle = await tx.widen(table, column.name);
    if (obstacle === undefined) return column;
    throw new ConfigError(
      `${where}: expected ${expected}, found ${found}, which cannot be changed: ${obstacle}; change the column by hand, or rename the table`,
    );
  }
  throw new ConfigError(
    `${where}: expected ${expected}, found ${found}; change the column's type by hand, rename it, or use another destination`,
  );
}
