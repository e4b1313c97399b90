import { deletedColumn, syncedAtColumn } from "../sql/column-names.ts";
import type { PreparedTable } from "../sql/dialect.ts";
import { keyNames } from "../sql/key-names.ts";
import { quoteIdentifier } from "./quote-identifier.ts";

/** A statement that upserts `rows` rows: their values as `?`, in row order, and `@syncedAt`. */
interface RowsSql {
  readonly sql: string;
  readonly rows: number;
}

/** The statements that upsert a table's rows: many at once, and single ones for the rest. */
export interface UpsertSql {
  /** Number of values per row. */
  readonly width: number;
  readonly batch: RowsSql;
  readonly single: RowsSql;
}

/**
 * The SQL function called once per updated row. SQLite itself only counts written rows, without
 * distinguishing inserts from updates.
 */
export const updateCounterFunction = "rivulet_updated";

/** Rows per statement; more are not faster. */
const rowsAtOnce = 50;
const maxParameters = 32_766;

/** Builds the statements that upsert a table's rows. */
export function buildUpsertSql(table: PreparedTable): UpsertSql {
  const width = table.columns.length;
  const batchRows = Math.max(1, Math.min(rowsAtOnce, Math.floor(maxParameters / (width + 1))));
  const forRows = (rows: number): RowsSql => ({ sql: buildStatement(table, rows), rows });
  return { width, batch: forRows(batchRows), single: forRows(1) };
}

/**
 * `rivulet_updated()` returns 0, which is false. Rows are compared as row values, because SQLite
 * does not parse a chain of a thousand `or`.
 */
function buildStatement(table: PreparedTable, rows: number): string {
  const names = table.columns.map(({ name }) => quoteIdentifier(name));
  const [syncedAt, deleted] = [quoteIdentifier(syncedAtColumn), quoteIdentifier(deletedColumn)];
  const target = quoteIdentifier(table.name);
  const others = names.filter((_, index) => !table.keyIndexes.includes(index));
  const row = `(${names.map(() => "?").join(",")},@syncedAt)`;
  const set = others.map((name) => `${name}=excluded.${name}`);
  const ignored = [...table.keyIndexes, ...table.stampedIndexes];
  const compared = table.columns.flatMap(({ name, storage }, index) =>
    ignored.includes(index) ? [] : [`.${quoteIdentifier(name)}${storage?.exactly ?? ""}`],
  );
  const stored = [...compared.map((cell) => `${target}${cell}`), `${target}.${deleted}`];
  const incoming = [...compared.map((cell) => `excluded${cell}`), "0"];
  return `insert into ${target} (${[...names, syncedAt].join(",")}) values ${Array<string>(rows).fill(row).join(",")}
    on conflict (${keyNames(table).map(quoteIdentifier).join(",")})
    do update set ${[...set, `${syncedAt}=excluded.${syncedAt}`, `${deleted}=${updateCounterFunction}()`].join(",")}
    where (${stored.join(",")}) is not (${incoming.join(",")})`;
}
