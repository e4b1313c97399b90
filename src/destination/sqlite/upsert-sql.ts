import { deletedColumn, syncedAtColumn } from "../sql/column-names.ts";
import type { PreparedTable } from "../sql/dialect.ts";
import { keyNames } from "../sql/prepare-table.ts";
import { quoteIdentifier } from "./quote-identifier.ts";

/** A statement that upserts so many rows, whose values follow one another, and `@syncedAt`. */
interface RowsSql {
  readonly sql: string;
  readonly rows: number;
}

/** How the rows of a table are upserted: as many at once as is worth it, and one at a time. */
export interface UpsertSql {
  /** Values in a row. */
  readonly width: number;
  readonly batch: RowsSql;
  readonly single: RowsSql;
}

/** Rows in one statement: more do not make it faster. */
const rowsAtOnce = 50;
const maxParameters = 32_766;

export function buildUpsertSql(table: PreparedTable): UpsertSql {
  const width = table.columns.length;
  const most = Math.max(1, Math.min(rowsAtOnce, Math.floor(maxParameters / (width + 1))));
  const of = (rows: number): RowsSql => ({ sql: buildStatement(table, rows), rows });
  return { width, batch: of(most), single: of(1) };
}

/**
 * `rivulet_updated()` is 0, or false. The distinction is one comparison of row values, because a chain of a thousand `or` is more than
 * SQLite parses.
 */
function buildStatement(table: PreparedTable, rows: number): string {
  const names = table.columns.map(({ name }) => quoteIdentifier(name));
  const [syncedAt, deleted] = [quoteIdentifier(syncedAtColumn), quoteIdentifier(deletedColumn)];
  const own = quoteIdentifier(table.name);
  const others = names.filter((_, index) => !table.keyIndexes.includes(index));
  const row = `(${names.map(() => "?").join(",")},@syncedAt)`;
  const set = others.map((name) => `${name}=excluded.${name}`);
  const told = names.filter(
    (_, index) => ![...table.keyIndexes, ...table.stampedIndexes].includes(index),
  );
  const stored = [...told.map((name) => `${own}.${name}`), `${own}.${deleted}`];
  const sent = [...told.map((name) => `excluded.${name}`), "0"];
  return `insert into ${own} (${[...names, syncedAt].join(",")}) values ${Array<string>(rows).fill(row).join(",")}
    on conflict (${keyNames(table).map(quoteIdentifier).join(",")})
    do update set ${[...set, `${syncedAt}=excluded.${syncedAt}`, `${deleted}=${updateCounterFunction}()`].join(",")}
    where (${stored.join(",")}) is not (${sent.join(",")})`;
}

/** An SQL function that is called once for each row that is updated: SQLite says only how many were written. */

export const updateCounterFunction = "rivulet_updated";
