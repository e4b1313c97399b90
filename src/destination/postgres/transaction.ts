import { PostgresQueryCompiler, sql, type Kysely, type QueryResult, type RawBuilder } from "kysely";
import { ConfigError } from "../../core/errors.ts";
import type {
  ExistingTable,
  PreparedColumn,
  PreparedTable,
  Transaction,
  UpsertCounts,
} from "../sql/dialect.ts";
import { createKysely } from "../sql/kysely.ts";
import type { RowValues } from "../sql/row-values.ts";
import type { SqlValue } from "../sql/sql-value.ts";
import type { SystemTables } from "../sql/system-tables.ts";
import { advisoryLockKey } from "./advisory-lock.ts";
import { concernsSystemTables, fromAsciiRow, toAsciiParameter } from "./ascii-texts.ts";
import type { Connection } from "./connection.ts";
import { translateError } from "./errors.ts";
import { findTable } from "./find-table.ts";
import { keysSubquery, numberedRowsSubquery, Upserter } from "./upsert.ts";

type SqlRow = Record<string, unknown>;

interface TransactionOptions {
  readonly label: string;
  readonly schema: string;
  /** Statements that each transaction begins with. */
  readonly settings: string;
}

/** The operations inside a transaction of one connection to the server. */
export class PostgresTransaction implements Transaction {
  // pg deprecates sending a query before the previous one was answered.
  readonly isPipelined = false;
  readonly hasWritten = sql<boolean>`txid_current_if_assigned() is not null`;
  readonly schema: string;
  readonly db: Kysely<SystemTables>;
  readonly #connection: Connection;
  readonly #label: string;
  readonly #settings: string;
  readonly #upserts: Upserter;
  #joinsByHash = false;
  #encoding: string | undefined;
  #firstError: unknown;

  constructor(connection: Connection, { label, schema, settings }: TransactionOptions) {
    this.#connection = connection;
    this.#label = label;
    this.#settings = settings;
    this.schema = schema;
    const kyselyConnection = {
      compiler: () => new PostgresQueryCompiler(),
      execute: (text: string, parameters: readonly unknown[]) => this.#execute(text, parameters),
      schemas: () => queryNames(connection, "select nspname as name from pg_namespace", []),
      tables: () =>
        queryNames(connection, "select tablename as name from pg_tables where schemaname = $1", [
          schema,
        ]),
    };
    this.db = createKysely(kyselyConnection, schema);
    const table = (name: string): RawBuilder<unknown> => this.table(name);
    this.#upserts = new Upserter({ connection, schema, db: this.db, table });
  }

  /** The first error. Postgres answers later queries only with "transaction is aborted". */
  get firstError(): unknown {
    return this.#firstError;
  }

  /** Begins a transaction. It excludes all others with the same key. */
  async begin(key?: bigint): Promise<void> {
    this.#firstError = undefined;
    this.#upserts.forgetStagingTables();
    this.#joinsByHash = false;
    const lock = key === undefined ? "" : `; select pg_advisory_xact_lock(${key.toString()})`;
    // What the last holder of a lock has written must be seen, whatever the role's default is.
    const isolation = "set transaction isolation level read committed";
    await this.#connection.query(
      `begin; ${isolation}; ${this.#settings}; ${joinSettings(false)}${lock}`,
    );
  }

  async lockSchema(): Promise<void> {
    const key = advisoryLockKey(this.schema);
    await this.#connection.query(`select pg_advisory_xact_lock(${key.toString()})`);
  }

  async commit(): Promise<void> {
    await this.#connection.query("commit");
  }

  async rollback(): Promise<void> {
    await this.#connection.query("rollback");
  }

  async nowMs(): Promise<number> {
    const text = "select extract(epoch from clock_timestamp()) * 1000 as now";
    const { rows } = await this.#connection.query<{ now: string }>(text);
    return Number(rows[0]?.now);
  }

  table(name: string): RawBuilder<unknown> {
    return sql.id(this.schema, name);
  }

  findTable(name: string): Promise<ExistingTable | undefined> {
    return findTable(this.#connection, this.schema, name);
  }

  async widen(table: string, column: string): Promise<string | undefined> {
    const [target, name, max] = [
      this.table(table),
      sql.id(column),
      sql.lit(Number.MAX_SAFE_INTEGER),
    ];
    const lossy = sql`select 1 from ${target} where ${name} > ${max} or ${name} < -${max} limit 1`;
    if ((await lossy.execute(this.db)).rows.length > 0) {
      return "it holds integers that a double cannot hold";
    }
    try {
      const change = sql`alter table ${target} alter column ${name} type double precision`;
      await this.savepoint(() => change.execute(this.db));
      return undefined;
    } catch (error) {
      if (error instanceof ConfigError && error.cause instanceof Error) return error.cause.message;
      throw error;
    }
  }

  async checkConstraintsAtOnce(): Promise<void> {
    await this.#connection.query("set constraints all immediate");
  }

  async upsert(table: PreparedTable, rows: RowValues, syncedAt: string): Promise<UpsertCounts> {
    await this.#joinByHash(false);
    return await this.#upserts.upsert(table, rows, syncedAt);
  }

  async keyRelation(
    columns: readonly PreparedColumn[],
    keys: readonly SqlValue[][],
  ): Promise<RawBuilder<unknown>> {
    await this.#joinByHash(true);
    return keysSubquery(columns, keys);
  }

  rowRelation(columns: readonly PreparedColumn[], rows: RowValues): RawBuilder<unknown> {
    return numberedRowsSubquery(columns, rows);
  }

  async #execute(text: string, parameters: readonly unknown[]): Promise<QueryResult<unknown>> {
    try {
      const isAscii = concernsSystemTables(text) && (await this.#lacksCharacters());
      const values = isAscii
        ? parameters.map((value) => toAsciiParameter(text, value))
        : [...parameters];
      const { rows, rowCount } = await this.#connection.query<SqlRow>(text, values);
      const restored = isAscii ? rows.map(fromAsciiRow) : rows;
      return { rows: restored, numAffectedRows: BigInt(rowCount ?? 0) };
    } catch (error) {
      this.#firstError ??= error;
      throw error;
    }
  }

  /** Whether the database's encoding lacks characters. SQL_ASCII stores any bytes. */
  async #lacksCharacters(): Promise<boolean> {
    if (this.#encoding === undefined) {
      const { rows } = await this.#connection.query<{ name: string }>(
        "select current_setting('server_encoding') as name",
      );
      this.#encoding = rows[0]?.name ?? "";
    }
    return !["UTF8", "SQL_ASCII"].includes(this.#encoding);
  }

  /**
   * Upserts must look up rows by key: with hash joins allowed, the planner reads the whole table to
   * find a few thousand rows.
   */
  async #joinByHash(wanted: boolean): Promise<void> {
    if (this.#joinsByHash === wanted) return;
    await this.#connection.query(joinSettings(wanted));
    this.#joinsByHash = wanted;
  }

  async savepoint<T>(work: () => Promise<T>): Promise<T> {
    await this.#connection.query("savepoint rivulet");
    try {
      const result = await work();
      await this.#connection.query("release rivulet");
      return result;
    } catch (error) {
      this.#upserts.forgetStagingTables();
      await this.#connection.query("rollback to rivulet; release rivulet");
      this.#firstError = undefined;
      throw translateError(this.#label, error);
    }
  }
}

function joinSettings(wanted: boolean): string {
  const setting = wanted ? "on" : "off";
  return `set local enable_hashjoin to ${setting}; set local enable_mergejoin to ${setting}`;
}

async function queryNames(
  connection: Connection,
  text: string,
  parameters: string[],
): Promise<string[]> {
  const { rows } = await connection.query<{ name: string }>(text, parameters);
  return rows.map(({ name }) => name);
}
