import { sql, type RawBuilder } from "kysely";
import { ConfigError } from "../../core/errors.ts";
import type { Table } from "../../core/schema.ts";
import { columnNames, deletedColumn, syncedAtColumn } from "./column-names.ts";
import type { Dialect, Found, PreparedColumn, PreparedTable, Transaction } from "./dialect.ts";
import { ownPrefix } from "./system-tables.ts";
import { spellOut } from "./text-escaping.ts";

/** A table that rows can be written to. */
export interface Fitted {
  readonly table: PreparedTable;
  /** Whether the table, or a column of it, was not there: what was read before is not in it. */
  readonly lacksRows: boolean;
}

/** Creates a stream's table, or adds and widens columns of the one that is there; never drops. */
export async function prepareTable(
  dialect: Dialect,
  tx: Transaction,
  table: Table,
): Promise<Fitted> {
  const name = tableName(dialect, table.name);
  const found = await tx.find(name);
  const prepared = describe(dialect, table, { name, found });
  if (!found) {
    await create(dialect, tx, prepared);
    return { table: prepared, lacksRows: true };
  }
  checkTable(dialect, prepared, found);
  const columns: PreparedColumn[] = [];
  for (const column of prepared.columns) {
    columns.push(
      await fit(dialect, tx, { column, table: name, found: found.columns.get(column.name) }),
    );
  }
  for (const [column, definition] of ownColumns(dialect)) {
    if (!found.columns.has(column)) await addColumn(tx, name, { column, definition });
  }
  const some = await sql`select 1 from ${tx.table(name)} limit 1`.execute(tx.db);
  const expected = [...columns.map(({ name: column }) => column), syncedAtColumn, deletedColumn];
  return {
    table: { ...prepared, columns, hadRows: some.rows.length > 0 },
    lacksRows: expected.some((column) => !found.columns.has(column)),
  };
}

/** The name in the database of a stream's table. */
export function tableName({ names }: Dialect, stream: string): string {
  const name = names.legal(spellOut(stream));
  if (!names.fold(name).startsWith(ownPrefix)) return name;
  throw new ConfigError(`table "${name}": names that begin with ${ownPrefix} are rivulet's own`);
}

/** A stream's table with the names that it has in the database, as if all of it were as declared. */
export function describe(
  { names }: Dialect,
  { name: stream, columns: declared, primaryKey, stamped = [] }: Table,
  { name, found }: { name: string; found: Found | undefined },
): PreparedTable {
  const sources = Object.keys(declared);
  const existing = new Set(found?.columns.keys());
  const byName = columnNames(sources, existing, names);
  const columns = Object.entries(declared).map(([source, type]) => ({
    source,
    name: byName.get(source) ?? source,
    type,
  }));
  const key = primaryKey.map((column) => sources.indexOf(column));
  const stamps = stamped.map((column) => sources.indexOf(column));
  return { stream, name, columns, key, stamped: stamps, hadRows: false };
}

async function create(dialect: Dialect, tx: Transaction, table: PreparedTable): Promise<void> {
  const { types, keyCollation } = dialect.values;
  const columns = table.columns.map(({ name, type }, index) => {
    if (!table.key.includes(index)) return sql`${sql.id(name)} ${sql.raw(types[type])}`;
    const collation = types[type] === types.string ? keyCollation : "";
    return sql`${sql.id(name)} ${sql.raw(`${types[type]}${collation} not null`)}`;
  });
  const ours = ownColumns(dialect).map(([name, type]) => sql`${sql.id(name)} ${type}`);
  const key = sql`primary key (${sql.join(keyNames(table).map((name) => sql.id(name)))})`;
  await sql`create table ${tx.table(table.name)} (${sql.join([...columns, ...ours, key])})`.execute(
    tx.db,
  );
}

function ownColumns({ values: { types } }: Dialect): [string, RawBuilder<unknown>][] {
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
export function keyNames({ columns, key }: PreparedTable): string[] {
  return key.map((index) => columns[index]?.name ?? "");
}

function checkTable({ label }: Dialect, table: PreparedTable, found: Found): void {
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
async function fit(
  { label, values: { types } }: Dialect,
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
