import { sql } from "kysely";
import type { Row } from "../../core/schema.ts";
import { ValueError } from "../../core/value-error.ts";
import { deletedColumn, syncedAtColumn } from "./column-names.ts";
import type { Transaction } from "./dialect.ts";
import { RowError } from "./row-encoder.ts";
import type { SqlValue } from "./sql-value.ts";
import type { WritableTable } from "./writable-table.ts";

/** New values for some columns of one row, encoded. Names are the database's. */
export interface PartialUpdate {
  readonly set: readonly (readonly [name: string, value: SqlValue])[];
  readonly key: readonly (readonly [name: string, value: SqlValue])[];
}

/** Encodes the columns that `row` has. Throws a RowError if a value or part of the key is wrong. */
export function encodePartialUpdate({ table, encoder }: WritableTable, row: Row): PartialUpdate {
  const cells = table.columns.flatMap(({ source, name }, index) => {
    if (!Object.hasOwn(row, source)) return [];
    return [
      { isKey: table.keyIndexes.includes(index), cell: [name, encodeCell(source, name)] as const },
    ];
  });
  function encodeCell(source: string, name: string): SqlValue {
    const value = row[source];
    try {
      return value == null ? null : encoder.encodeValue(source, value);
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      throw new RowError(`column "${name}": ${error.message}`, { cause: error });
    }
  }
  const key = cells.filter(({ isKey }) => isKey).map(({ cell }) => cell);
  if (key.length < table.keyIndexes.length)
    throw new RowError("expected the whole primary key, got part of it", {});
  return { key, set: cells.filter(({ isKey }) => !isKey).map(({ cell }) => cell) };
}

/** Updates existing rows that differ. Returns their number. */
export async function applyPartialUpdates(
  tx: Transaction,
  { table }: WritableTable,
  { updates, syncedAt }: { readonly updates: readonly PartialUpdate[]; readonly syncedAt: string },
): Promise<number> {
  let updated = 0;
  for (const { set, key } of updates) {
    if (set.length === 0) continue;
    const cells = [...set, [syncedAtColumn, syncedAt] as const];
    const changes = cells.map(([name, value]) => sql`${sql.id(name)} = ${value}`);
    const matches = key.map(([name, value]) => sql`${sql.id(name)} = ${value}`);
    const differs = set.map(([name, value]) => {
      const exactly = sql.raw(
        table.columns.find((one) => one.name === name)?.storage?.exactly ?? "",
      );
      return sql`${sql.id(name)}${exactly} is distinct from ${value}${exactly}`;
    });
    const result = await sql`update ${tx.table(table.name)} set ${sql.join(changes)}
      where ${sql.join(matches, sql` and `)} and not ${sql.id(deletedColumn)}
      and (${sql.join(differs, sql` or `)})`.execute(tx.db);
    updated += Number(result.numAffectedRows ?? 0);
  }
  return updated;
}
