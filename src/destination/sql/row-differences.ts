import { sql, type RawBuilder } from "kysely";
import type { Value } from "../../core/schema.ts";
import { deletedColumn } from "./column-names.ts";
import type { ExistingTable, PreparedTable, Transaction, TypeMapping } from "./dialect.ts";
import { RowValues } from "./row-values.ts";
import type { SqlValue } from "./sql-value.ts";

/** The table to compare with. */
export interface ComparedTable {
  readonly table: PreparedTable;
  readonly existing: ExistingTable;
}

/** A row of the table that has the key of a given row. */
export interface StoredRow {
  /** The key as it is stored. */
  readonly key: readonly Value[];
  /** The columns that differ, by their names in the source. */
  readonly differing: readonly string[];
}

type Cells = Readonly<Record<string, SqlValue>>;

/**
 * Looks up the stored rows with the keys of `rows`, by the index of the row; those marked as
 * deleted do not count. The database itself compares, because only it knows which values are equal
 * once they are stored: JSON in another spelling, `1` and `1.0`.
 */
export async function findStoredRows(
  tx: Transaction,
  compared: ComparedTable,
  { rows, mapping }: { readonly rows: RowValues; readonly mapping: TypeMapping },
): Promise<ReadonlyMap<number, StoredRow>> {
  const { table } = compared;
  const columns = comparedIndexes(table);
  const found = await selectStored(tx, compared, {
    rows,
    select: [...storedKey(table), differs(compared)],
  });
  const differing = new Map<number, readonly string[]>();
  const unequal = found.filter(({ differs }) => mapping.decode.boolean(differs ?? null) === true);
  const indexes = unequal.map(({ n }) => Number(n));
  if (indexes.length > 0) {
    const some = pickRows(rows, indexes);
    const select = columns.map(
      (index) => sql`${cellDiffers(compared, index)} as ${sql.id(`d${index}`)}`,
    );
    for (const cells of await selectStored(tx, compared, { rows: some, select })) {
      const names = columns
        .filter((index) => mapping.decode.boolean(cells[`d${index}`] ?? null) === true)
        .map((index) => table.columns[index]?.source ?? "");
      differing.set(indexes[Number(cells["n"])] ?? -1, names);
    }
  }
  const types = table.keyIndexes.map((index) => table.columns[index]?.type ?? "string");
  return new Map(
    found.map((cells) => {
      const key = types.map((type, index) => mapping.decode[type](cells[`k${index}`] ?? null));
      const n = Number(cells["n"]);
      return [n, { key, differing: differing.get(n) ?? [] }];
    }),
  );
}

/** Indexes of the columns that count: a sync, too, finds a row unchanged if these are equal. */
function comparedIndexes({ columns, keyIndexes, stampedIndexes }: PreparedTable): number[] {
  const ignored = [...keyIndexes, ...stampedIndexes];
  return [...columns.keys()].filter((index) => !ignored.includes(index));
}

/** Selects from the stored rows `t` and the given rows `s` with the same keys. */
async function selectStored(
  tx: Transaction,
  { table }: ComparedTable,
  { rows, select }: { readonly rows: RowValues; readonly select: readonly RawBuilder<unknown>[] },
): Promise<readonly Cells[]> {
  const matches = table.keyIndexes.map(
    (index) => sql`${sql.id("t", table.columns[index]?.name ?? "")} = ${given(index)}`,
  );
  const query = sql<Cells>`select ${sql.join([sql`s.n`, ...select])}
    from ${tx.rowRelation(table.columns, rows)} as s join ${tx.table(table.name)} as t
    on ${sql.join(matches, sql` and `)} where not ${sql.id("t", deletedColumn)}`;
  return (await query.execute(tx.db)).rows;
}

function storedKey({ columns, keyIndexes }: PreparedTable): RawBuilder<unknown>[] {
  return keyIndexes.map(
    (index, position) =>
      sql`${sql.id("t", columns[index]?.name ?? "")} as ${sql.id(`k${position}`)}`,
  );
}

/** Whether the rows differ. As row values: SQLite does not parse a chain of a thousand `or`. */
function differs(compared: ComparedTable): RawBuilder<unknown> {
  const columns = comparedIndexes(compared.table);
  if (columns.length === 0) return sql`false as differs`;
  const stored = sql.join(columns.map((index) => storedCell(compared, index)));
  const incoming = sql.join(columns.map((index) => givenCell(compared, index)));
  return sql`(${stored}) is distinct from (${incoming}) as differs`;
}

function cellDiffers(compared: ComparedTable, index: number): RawBuilder<unknown> {
  return sql`${storedCell(compared, index)} is distinct from ${givenCell(compared, index)}`;
}

/** A column that the next sync will add is NULL until then. */
function storedCell({ table, existing }: ComparedTable, index: number): RawBuilder<unknown> {
  const name = table.columns[index]?.name ?? "";
  if (!existing.columns.has(name)) return sql`null`;
  return sql`${sql.id("t", name)}${exactly(table, index)}`;
}

function givenCell({ table }: ComparedTable, index: number): RawBuilder<unknown> {
  return sql`${given(index)}${exactly(table, index)}`;
}

function exactly({ columns }: PreparedTable, index: number): RawBuilder<unknown> {
  return sql.raw(columns[index]?.storage?.exactly ?? "");
}

function given(index: number): RawBuilder<unknown> {
  return sql.id("s", `c${index}`);
}

function pickRows(rows: RowValues, indexes: readonly number[]): RowValues {
  const picked = new RowValues(rows.width);
  for (const index of indexes) picked.addFrom(rows, index);
  return picked;
}
