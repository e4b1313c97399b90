import { sql } from "kysely";
import { deletedColumn } from "./column-names.ts";
import type { Transaction } from "./dialect.ts";

/** Counts the rows of a table that are not marked as deleted, by the values of a column. */
export async function countRows(
  { db }: Transaction,
  { table, name }: { readonly table: string; readonly name: string },
): Promise<ReadonlyMap<string, number>> {
  const { rows } = await sql<{ value: unknown; rows: number | string | bigint }>`
    select ${sql.id(name)} as value, count(*) as rows from ${sql.id(table)}
    where not ${sql.id(deletedColumn)} group by ${sql.id(name)}`.execute(db);
  return new Map(rows.map(({ value, rows: count }) => [String(value), Number(count)]));
}
