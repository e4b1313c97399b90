import { sql, SqliteQueryCompiler, type Kysely, type RawBuilder } from "kysely";
import { ConfigError } from "../../core/errors.ts";
import {
  DataError,
  type Found,
  type PreparedColumn,
  type PreparedTable,
  type SqlValue,
  type Transaction,
  type Written,
} from "../sql/dialect.ts";
import { kyselyOn } from "../sql/kysely.ts";
import type { OwnTables } from "../sql/system-tables.ts";
import type { RowValues } from "../sql/row-values.ts";
import type { Engine } from "./engine.ts";
import { translate } from "./errors.ts";
import { upsertSql, type UpsertSql } from "./upsert-sql.ts";
import { sqliteValues } from "./type-mapping.ts";

/** What is done inside a transaction on the one connection to the file. */
export class SqliteTransaction implements Transaction {
  readonly isPipelined: boolean;
  readonly schema = undefined;
  readonly db: Kysely<OwnTables>;
  readonly #engine: Engine;
  readonly #label: string;
  readonly #upserts = new WeakMap<PreparedTable, UpsertSql>();

  constructor(engine: Engine, label: string) {
    this.isPipelined = engine.isPipelined;
    this.#engine = engine;
    this.#label = label;
    this.db = kyselyOn({
      compiler: () => new SqliteQueryCompiler(),
      execute: async (text, parameters) => await engine.query(text, parameters),
      schemas: () => Promise.resolve([]),
      tables: async () => await engine.tables(),
    });
  }

  nowMs(): Promise<number> {
    return Promise.resolve(Date.now());
  }

  table(name: string): RawBuilder<unknown> {
    return sql.id(name);
  }

  async find(name: string): Promise<Found | undefined> {
    return await this.#engine.find(name);
  }

  async widen(table: string, column: string): Promise<string | undefined> {
    return await this.#engine.widen(table, column);
  }

  async upsert(table: PreparedTable, { pieces }: RowValues, syncedAt: string): Promise<Written> {
    const upsert = this.#upserts.get(table) ?? upsertSql(table);
    this.#upserts.set(table, upsert);
    const written = await Promise.all(
      pieces.map(async (piece) => await this.#engine.upsert(upsert, piece, syncedAt)),
    );
    return {
      inserted: written.reduce((sum, { inserted }) => sum + inserted, 0),
      updated: written.reduce((sum, { updated }) => sum + updated, 0),
    };
  }

  async keys(
    columns: readonly PreparedColumn[],
    keys: readonly SqlValue[][],
  ): Promise<RawBuilder<unknown>> {
    const types = columns.map(({ type }) => sqliteValues.types[type]);
    return sql.id("temp", await this.#engine.stageKeys(types, keys));
  }

  async savepoint<T>(work: () => Promise<T>): Promise<T> {
    await this.#engine.exec("savepoint rivulet");
    try {
      const result = await work();
      await this.#engine.exec("release rivulet");
      return result;
    } catch (error) {
      const stands = await this.#engine.rollBackTo("rivulet");
      const meant = translate(this.#label, error);
      if (stands || !(meant instanceof DataError)) throw meant;
      // What refused the row has ended the transaction; to find out which row that is would write outside of one.
      throw new ConfigError(meant.message, { cause: error });
    }
  }
}
