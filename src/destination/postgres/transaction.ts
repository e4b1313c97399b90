import { PostgresQueryCompiler, sql, type Kysely, type QueryResult, type RawBuilder } from "kysely";
import type { Client } from "pg";
import { ConfigError } from "../../core/errors.ts";
import type {
  ExistingTable,
  PreparedColumn,
  PreparedTable,
  Transaction,
  UpsertCounts,
} from "../sql/dialect.ts";
import type { SqlValue } from "../sql/sql-value.ts";
import { createKysely } from "../sql/kysely.ts";
import type { SystemTables } from "../sql/system-tables.ts";
import type { RowValues } from "../sql/row-values.ts";
import { translateError } from "./errors.ts";
import { findTable } from "./find-table.ts";
import { keysSubquery, Upserter } from "./upsert.ts";

type SqlRow = Record<string, unknown>;

interface TransactionOptions {
  readonly label: string;
  readonly schema: string;
}

/** What is done inside a transaction on the one connection to the server. */
export class PostgresTransaction implements Transaction {
  // pg takes it for a mistake.
  readonly isPipelined = false;
  readonly schema: string;
  readonly db: Kysely<SystemTables>;
  readonly #client: Client;
  readonly #label: string;
  readonly #upserts: Upserter;
  #joinsByHash = false;
  #failure: unknown;

  constructor(client: Client, { label, schema }: TransactionOptions) {
    this.#client = client;
    this.#label = label;
    this.schema = schema;
    const connection = {
      compiler: () => new PostgresQueryCompiler(),
      execute: (text: string, parameters: readonly unknown[]) => this.#execute(text, parameters),
      schemas: () => queryNames(client, "select nspname as name from pg_namespace", []),
      tables: () =>
        queryNames(client, "select tablename as name from pg_tables where schemaname = $1", [
          schema,
        ]),
    };
    this.db = createKysely(connection, schema);
    const table = (name: string): RawBuilder<unknown> => this.table(name);
    this.#upserts = new Upserter({ client, schema, db: this.db, table });
  }

  /** The first query that failed: after it, Postgres says of every other one only that the transaction is aborted. */
  get firstError(): unknown {
    return this.#failure;
  }

  /** Begins; overlaps no other transaction with the same key. */
  async begin(key?: bigint): Promise<void> {
    this.#failure = undefined;
    this.#upserts.beginTransaction();
    this.#joinsByHash = false;
    const lock = key === undefined ? "" : `; select pg_advisory_xact_lock(${key.toString()})`;
    await this.#client.query(`begin; ${joinSettings(false)}${lock}`);
  }

  /** The number by which `wasCommitted` knows the transaction; undefined where it has written nothing. */
  async transactionId(): Promise<string | undefined> {
    const text = "select txid_current_if_assigned() as number";
    const { rows } = await this.#client.query<{ number: string | null }>(text);
    return rows[0]?.number ?? undefined;
  }

  async commit(): Promise<void> {
    await this.#client.query("commit");
  }

  /** Whether an earlier transaction, of any connection that has ended, was committed. */
  async wasCommitted(number: string): Promise<boolean> {
    const { rows } = await this.#client.query<{ status: string | null }>(
      "select txid_status($1) as status",
      [number],
    );
    return rows[0]?.status === "committed";
  }

  async rollback(): Promise<void> {
    this.#upserts.forgetStagingTables();
    await this.#client.query("rollback");
  }

  async nowMs(): Promise<number> {
    const text = "select extract(epoch from clock_timestamp()) * 1000 as now";
    const { rows } = await this.#client.query<{ now: string }>(text);
    return Number(rows[0]?.now);
  }

  table(name: string): RawBuilder<unknown> {
    return sql.id(this.schema, name);
  }

  findTable(name: string): Promise<ExistingTable | undefined> {
    return findTable(this.#client, this.schema, name);
  }

  async widen(table: string, column: string): Promise<string | undefined> {
    const [own, name, max] = [this.table(table), sql.id(column), sql.lit(Number.MAX_SAFE_INTEGER)];
    const lossy = sql`select 1 from ${own} where ${name} > ${max} or ${name} < -${max} limit 1`;
    if ((await lossy.execute(this.db)).rows.length > 0) {
      return "it holds integers that a double cannot hold";
    }
    try {
      const change = sql`alter table ${own} alter column ${name} type double precision`;
      await this.savepoint(() => change.execute(this.db));
      return undefined;
    } catch (error) {
      if (error instanceof ConfigError && error.cause instanceof Error) return error.cause.message;
      throw error;
    }
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

  async #execute(text: string, parameters: readonly unknown[]): Promise<QueryResult<unknown>> {
    try {
      const { rows, rowCount } = await this.#client.query<SqlRow>(text, [...parameters]);
      return { rows, numAffectedRows: BigInt(rowCount ?? 0) };
    } catch (error) {
      this.#failure ??= error;
      throw error;
    }
  }

  /** An upsert has to look its rows up one by one: left to itself, the planner reads the whole table to find some thousand rows. */
  async #joinByHash(wanted: boolean): Promise<void> {
    if (this.#joinsByHash === wanted) return;
    await this.#client.query(joinSettings(wanted));
    this.#joinsByHash = wanted;
  }

  async savepoint<T>(work: () => Promise<T>): Promise<T> {
    await this.#client.query("savepoint rivulet");
    try {
      const result = await work();
      await this.#client.query("release rivulet");
      return result;
    } catch (error) {
      this.#upserts.forgetStagingTables();
      await this.#client.query("rollback to rivulet; release rivulet");
      this.#failure = undefined;
      throw translateError(this.#label, error);
    }
  }
}

function joinSettings(wanted: boolean): string {
  const setting = wanted ? "on" : "off";
  return `set local enable_hashjoin to ${setting}; set local enable_mergejoin to ${setting}`;
}

async function queryNames(client: Client, text: string, parameters: string[]): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(text, parameters);
  return rows.map(({ name }) => name);
}
