import { sql, type Kysely, type RawBuilder } from "kysely";
import { escapeIdentifier, type Client } from "pg";
import { deletedColumn, syncedAtColumn } from "../sql/column-names.ts";
import type { PreparedColumn, PreparedTable, UpsertCounts } from "../sql/dialect.ts";
import type { SqlValue } from "../sql/sql-value.ts";
import type { SystemTables } from "../sql/system-tables.ts";
import type { RowValues } from "../sql/row-values.ts";
import { copyInto } from "./copy.ts";
import { isDuplicateKey } from "./errors.ts";
import { postgresMapping } from "./type-mapping.ts";

/** Up to so many rows, and characters, an array for each column is faster than COPY. */
const maxArrayRows = 200;
const maxArrayCharacters = 1_000_000;

interface UpsertsOptions {
  readonly client: Client;
  readonly schema: string;
  readonly db: Kysely<SystemTables>;
  readonly table: (name: string) => RawBuilder<unknown>;
}

/** Upserts from arrays, by COPY where there is nothing to be updated, or from temporary tables that COPY fills. */
export class Upserter {
  readonly #options: UpsertsOptions;
  #made = 0;
  #staging = new WeakMap<PreparedTable, string>();
  readonly #filled = new Set<string>();
  /** Tables that were empty, but into which some key came twice. */
  readonly #repeating = new WeakSet<PreparedTable>();

  constructor(options: UpsertsOptions) {
    this.#options = options;
  }

  /** A transaction begins: the temporary tables are empty. */
  beginTransaction(): void {
    this.#filled.clear();
  }

  /** A transaction was rolled back, and with it the temporary tables that it may have made. */
  forgetStagingTables(): void {
    this.#staging = new WeakMap();
  }

  async upsert(table: PreparedTable, rows: RowValues, syncedAt: string): Promise<UpsertCounts> {
    const isFew = isSmall(rows);
    if (!isFew && (await this.#insert(table, rows, syncedAt))) {
      return { inserted: rows.count, updated: 0 };
    }
    const source = isFew ? rowsSubquery(table, rows) : await this.#stage(table, rows);
    const target = this.#options.table(table.name);
    const query = upsertQuery(table, { source, target, syncedAt });
    const [written] = (await query.execute(this.#options.db)).rows;
    return { inserted: Number(written?.inserted), updated: Number(written?.updated) };
  }

  /** Copies rows straight into a table that was empty when the session began. False, with nothing done, where it has one of their keys by now. */
  async #insert(table: PreparedTable, rows: RowValues, syncedAt: string): Promise<boolean> {
    if (table.hadRows || this.#repeating.has(table)) return false;
    const { client, schema } = this.#options;
    const names = [...table.columns.map(({ name }) => name), syncedAtColumn];
    const columns = names.map((name) => escapeIdentifier(name)).join(",");
    const target = `${escapeIdentifier(schema)}.${escapeIdentifier(table.name)} (${columns})`;
    await client.query("savepoint rivulet_copy");
    try {
      await copyInto(client, target, { table, rows, constantColumn: syncedAt });
      await client.query("release rivulet_copy");
      return true;
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      await client.query("rollback to rivulet_copy; release rivulet_copy");
      this.#repeating.add(table);
      return false;
    }
  }

  async #stage(table: PreparedTable, rows: RowValues): Promise<RawBuilder<unknown>> {
    const { client, db } = this.#options;
    const name = this.#staging.get(table) ?? (await this.#make(table));
    const staging = sql.id("pg_temp", name);
    if (this.#filled.has(name)) await sql`truncate ${staging}`.execute(db);
    this.#filled.add(name);
    await copyInto(client, `pg_temp."${name}"`, { table, rows });
    return staging;
  }

  async #make(table: PreparedTable): Promise<string> {
    this.#made += 1;
    const name = `rivulet_${this.#made}`;
    const columns = table.columns.map(
      ({ name }, index) => sql`${sql.id(name)} as ${stagingColumn(index)}`,
    );
    await sql`create temporary table ${sql.id(name)} on commit delete rows
      as select ${sql.join(columns)} from ${this.#options.table(table.name)} with no data`.execute(
      this.#options.db,
    );
    this.#staging.set(table, name);
    return name;
  }
}

function isSmall({ pieces, count }: RowValues): boolean {
  if (count > maxArrayRows) return false;
  let characters = 0;
  for (const value of pieces.flat()) characters += typeof value === "string" ? value.length : 1;
  return characters <= maxArrayCharacters;
}

/**
 * Rows that are already as they should be are left out before the insert: a conflict would lock each of them, which writes to its page.
 * `xmax` is 0 in rows that no update has made.
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
  const [synced, deleted] = [sql.id(syncedAtColumn), sql.id(deletedColumn)];
  const at = sql`${syncedAt}::timestamp with time zone`;
  const names = columns.map(({ name }) => sql.id(name));
  const places = columns.map((_, index) => sql`s.${stagingColumn(index)}`);
  const keys = keyIndexes.map((index) => names[index] ?? sql``);
  const same = keyIndexes.map(
    (index) => sql`t.${names[index] ?? sql``} = ${places[index] ?? sql``}`,
  );
  const told = names.flatMap((_, index) => (table.stampedIndexes.includes(index) ? [] : [index]));
  const stored = sql.join([
    ...told.map((index) => sql`t.${names[index] ?? sql``}`),
    sql`t.${deleted}`,
  ]);
  const sent = sql.join([...told.map((index) => places[index] ?? sql``), sql`false`]);
  const set = [...names, synced].map((name) => sql`${name} = excluded.${name}`);
  return sql`with written as (
    insert into ${target} (${sql.join([...names, synced])})
    select ${sql.join([...places, at])} from ${source} as s left join ${target} as t on ${sql.join(same, sql` and `)}
    where t.${keys[0] ?? sql``} is null or (${stored}) is distinct from (${sent})
    on conflict (${sql.join(keys)}) do update set ${sql.join(set)}, ${deleted} = false
    returning xmax = 0 as fresh
  ) select count(*) filter (where fresh) as inserted, count(*) filter (where not fresh) as updated from written`;
}

/** Rows as one array for each column. */
function rowsSubquery({ columns }: PreparedTable, rows: RowValues): RawBuilder<unknown> {
  const arrays = columns.map((_, column) =>
    Array.from({ length: rows.count }, (_row, row) => rows.value(row, column)),
  );
  const names = columns.map((_, index) => stagingColumn(index));
  return unnestArrays(columns, { arrays, names });
}

/** Keys as a subquery with the columns `k0`, `k1`…. */
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
    const type = postgresMapping.types[columns[index]?.type ?? "string"];
    return sql`${array}::${sql.raw(type)}[]`;
  });
  return sql`(select * from unnest(${sql.join(typed)}) as u(${sql.join(names)}))`;
}

function stagingColumn(index: number): RawBuilder<unknown> {
  return sql.id(`c${index}`);
}
