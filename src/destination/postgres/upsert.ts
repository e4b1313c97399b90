import { randomBytes } from "node:crypto";
import { sql, type Kysely, type RawBuilder } from "kysely";
import { escapeIdentifier } from "pg";
import { deletedColumn, syncedAtColumn } from "../sql/column-names.ts";
import type { PreparedColumn, PreparedTable, UpsertCounts } from "../sql/dialect.ts";
import type { RowValues } from "../sql/row-values.ts";
import type { SqlValue } from "../sql/sql-value.ts";
import type { SystemTables } from "../sql/system-tables.ts";
import type { Connection } from "./connection.ts";
import { copyInto } from "./copy.ts";
import { isDuplicateKey } from "./errors.ts";
import { postgresMapping } from "./type-mapping.ts";

/** Up to this many rows and characters, an array per column is faster than COPY. */
const maxArrayRows = 200;
const maxArrayCharacters = 1_000_000;

interface UpsertsOptions {
  readonly connection: Connection;
  readonly schema: string;
  readonly db: Kysely<SystemTables>;
  readonly table: (name: string) => RawBuilder<unknown>;
}

/**
 * Upserts in the fastest way: few rows from arrays, new rows by COPY into the table itself, all
 * others from a temporary table that COPY fills.
 */
export class Upserter {
  readonly #options: UpsertsOptions;
  /** Behind a pooler, the session may have tables of other programs. */
  readonly #prefix = randomBytes(6).toString("hex");
  #created = 0;
  #staging = new WeakMap<PreparedTable, string>();
  readonly #filled = new Set<string>();
  #mayCreateTemporary: boolean | undefined;
  /** Tables that were empty at first, and have since received a key twice. */
  readonly #repeating = new WeakSet<PreparedTable>();

  constructor(options: UpsertsOptions) {
    this.#options = options;
  }

  /** Call when a transaction or savepoint has ended: the temporary tables are gone. */
  forgetStagingTables(): void {
    this.#staging = new WeakMap();
    this.#filled.clear();
  }

  /** Inserts rows and updates those that differ. */
  async upsert(table: PreparedTable, rows: RowValues, syncedAt: string): Promise<UpsertCounts> {
    const useArrays = fitsArrays(rows);
    if (!useArrays && (await this.#copy(table, rows, syncedAt))) {
      return { inserted: rows.count, updated: 0 };
    }
    if (useArrays || !(await this.#canStage()))
      return await this.#upsertArrays(table, rows, syncedAt);
    return await this.#upsertFrom(table, await this.#stage(table, rows), syncedAt);
  }

  /** As many arrays as it takes: where temporary tables are forbidden, all rows are sent so. */
  async #upsertArrays(
    table: PreparedTable,
    rows: RowValues,
    syncedAt: string,
  ): Promise<UpsertCounts> {
    let [inserted, updated] = [0, 0];
    for (let start = 0; start < rows.count; start += maxArrayRows) {
      const some = rows.slice(start, Math.min(start + maxArrayRows, rows.count));
      const counts = await this.#upsertFrom(table, rowsSubquery(table, some), syncedAt);
      inserted += counts.inserted;
      updated += counts.updated;
    }
    return { inserted, updated };
  }

  async #upsertFrom(
    table: PreparedTable,
    source: RawBuilder<unknown>,
    syncedAt: string,
  ): Promise<UpsertCounts> {
    const target = this.#options.table(table.name);
    const query = upsertQuery(table, { source, target, syncedAt });
    const [written] = (await query.execute(this.#options.db)).rows;
    return { inserted: Number(written?.inserted), updated: Number(written?.updated) };
  }

  /** Whether this user may create temporary tables. */
  async #canStage(): Promise<boolean> {
    this.#mayCreateTemporary ??= await queryPrivilege(this.#options.connection);
    return this.#mayCreateTemporary;
  }

  /**
   * Copies rows into a table that was empty when it was prepared. Returns false, with nothing done,
   * if the table has one of their keys by now.
   */
  async #copy(table: PreparedTable, rows: RowValues, syncedAt: string): Promise<boolean> {
    if (table.hadRows || this.#repeating.has(table)) return false;
    const { connection, schema } = this.#options;
    const names = [...table.columns.map(({ name }) => name), syncedAtColumn];
    const columns = names.map((name) => escapeIdentifier(name)).join(",");
    const target = `${escapeIdentifier(schema)}.${escapeIdentifier(table.name)} (${columns})`;
    await connection.query("savepoint rivulet_copy");
    try {
      await copyInto(connection, target, { table, rows, constantColumn: syncedAt });
      await connection.query("release rivulet_copy");
      return true;
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      await connection.query("rollback to rivulet_copy; release rivulet_copy");
      this.#repeating.add(table);
      return false;
    }
  }

  async #stage(table: PreparedTable, rows: RowValues): Promise<RawBuilder<unknown>> {
    const { connection, db } = this.#options;
    const name = this.#staging.get(table) ?? (await this.#createStagingTable(table));
    const staging = sql.id("pg_temp", name);
    if (this.#filled.has(name)) await sql`truncate ${staging}`.execute(db);
    this.#filled.add(name);
    await copyInto(connection, `pg_temp."${name}"`, { table, rows });
    return staging;
  }

  /** It lives in one transaction: the next one may run elsewhere, behind a pooler. */
  async #createStagingTable(table: PreparedTable): Promise<string> {
    this.#created += 1;
    const name = `rivulet_${this.#prefix}_${this.#created}`;
    const columns = table.columns.map(
      ({ name }, index) => sql`${sql.id(name)} as ${stagingColumn(index)}`,
    );
    await sql`create temporary table ${sql.id(name)} on commit drop
      as select ${sql.join(columns)} from ${this.#options.table(table.name)} with no data`.execute(
      this.#options.db,
    );
    this.#staging.set(table, name);
    return name;
  }
}

async function queryPrivilege(connection: Pick<Connection, "query">): Promise<boolean> {
  const query = "select has_database_privilege(current_database(), 'temporary') as granted";
  const { rows } = await connection.query<{ granted: string }>(query);
  return rows[0]?.granted === "t";
}

function fitsArrays({ pieces, count }: RowValues): boolean {
  if (count > maxArrayRows) return false;
  let characters = 0;
  for (const value of pieces.flat()) characters += typeof value === "string" ? value.length : 1;
  return characters <= maxArrayCharacters;
}

/**
 * Rows that are already equal are filtered before the insert: a conflict would lock each of them,
 * which writes to its page. `xmax` is 0 in a returned row that was inserted, not updated.
 */
function upsertQuery(
  table: PreparedTable,
  {
    source,
    target,
    syncedAt,
  }: { source: RawBuilder<unknown>; target: RawBuilder<unknown>; syncedAt: string },
): RawBuilder<{ inserted: string; updated: string }> {
  const { columns, keyIndexes } = table;
  const [syncedAtName, deleted] = [sql.id(syncedAtColumn), sql.id(deletedColumn)];
  const syncedAtValue = sql`${syncedAt}::timestamp with time zone`;
  const names = columns.map(({ name }) => sql.id(name));
  const staged = columns.map((_, index) => sql`s.${stagingColumn(index)}`);
  const keys = keyIndexes.map((index) => names[index] ?? sql``);
  const matches = keyIndexes.map(
    (index) => sql`t.${names[index] ?? sql``} = ${staged[index] ?? sql``}`,
  );
  const compared = names.flatMap((_, index) =>
    table.stampedIndexes.includes(index) ? [] : [index],
  );
  const exactly = (index: number): RawBuilder<unknown> =>
    sql.raw(columns[index]?.storage?.exactly ?? "");
  const stored = sql.join([
    ...compared.map((index) => sql`t.${names[index] ?? sql``}${exactly(index)}`),
    sql`t.${deleted}`,
  ]);
  const incoming = sql.join([
    ...compared.map((index) => sql`${staged[index] ?? sql``}${exactly(index)}`),
    sql`false`,
  ]);
  const set = [...names, syncedAtName].map((name) => sql`${name} = excluded.${name}`);
  return sql`with written as (
    insert into ${target} (${sql.join([...names, syncedAtName])})
    select ${sql.join([...staged, syncedAtValue])} from ${source} as s left join ${target} as t on ${sql.join(matches, sql` and `)}
    where t.${keys[0] ?? sql``} is null or (${stored}) is distinct from (${incoming})
    on conflict (${sql.join(keys)}) do update set ${sql.join(set)}, ${deleted} = false
    returning xmax = 0 as fresh
  ) select count(*) filter (where fresh) as inserted, count(*) filter (where not fresh) as updated from written`;
}

/** Rows as a subquery with the columns `c0`, `c1`…, from one array per column. */
function rowsSubquery({ columns }: PreparedTable, rows: RowValues): RawBuilder<unknown> {
  const names = columns.map((_, index) => stagingColumn(index));
  return unnestArrays(columns, { arrays: arrayPerColumn(columns, rows), names });
}

/** The same, with the index of each row as the column `n`. */
export function numberedRowsSubquery(
  columns: readonly PreparedColumn[],
  rows: RowValues,
): RawBuilder<unknown> {
  const number = { source: "n", name: "n", type: "integer" } as const;
  const numbers = Array.from({ length: rows.count }, (_, row) => row);
  return unnestArrays([...columns, number], {
    arrays: [...arrayPerColumn(columns, rows), numbers],
    names: [...columns.map((_, index) => stagingColumn(index)), sql.id(number.name)],
  });
}

function arrayPerColumn(columns: readonly PreparedColumn[], rows: RowValues): SqlValue[][] {
  return columns.map((_, column) =>
    Array.from({ length: rows.count }, (_row, row) => rows.value(row, column)),
  );
}

/** Keys as a subquery with the columns `k0`, `k1`…, from one array per column. */
export function keysSubquery(
  columns: readonly PreparedColumn[],
  keys: readonly SqlValue[][],
): RawBuilder<unknown> {
  const arrays = columns.map((_, index) => keys.map((key) => key[index] ?? null));
  return unnestArrays(columns, { arrays, names: columns.map((_, index) => sql.id(`k${index}`)) });
}

function unnestArrays(
  columns: readonly PreparedColumn[],
  { arrays, names }: { arrays: SqlValue[][]; names: RawBuilder<unknown>[] },
): RawBuilder<unknown> {
  const typed = arrays.map((array, index) => {
    const { type = "string", storage } = columns[index] ?? {};
    return sql`${array}::${sql.raw(storage?.sqlType ?? postgresMapping.types[type])}[]`;
  });
  return sql`(select * from unnest(${sql.join(typed)}) as u(${sql.join(names)}))`;
}

function stagingColumn(index: number): RawBuilder<unknown> {
  return sql.id(`c${index}`);
}
