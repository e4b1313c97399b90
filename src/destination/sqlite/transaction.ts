import { sql, SqliteQueryCompiler, type Kysely, type RawBuilder } from "kysely";
import { ConfigError } from "../../core/errors.ts";
import {
  DataError,
  type ExistingTable,
  type PreparedColumn,
  type PreparedTable,
  type Transaction,
  type UpsertCounts,
} from "../sql/dialect.ts";
import { createKysely } from "../sql/kysely.ts";
import type { RowValues } from "../sql/row-values.ts";
import type { SqlValue } from "../sql/sql-value.ts";
import type { SystemTables } from "../sql/system-tables.ts";
import type { Engine } from "./engine.ts";
import { translateError } from "./errors.ts";
import { sqliteMapping } from "./type-mapping.ts";
import { buildUpsertSql, type UpsertSql } from "./upsert-sql.ts";

/** The operations inside a transaction of one connection to the file. */
export class SqliteTransaction implements Transaction {
  readonly isPipelined: boolean;
  readonly schema = undefined;
  // A file that is replaced is noticed by its identity.
  readonly hasWritten = undefined;
  readonly db: Kysely<SystemTables>;
  readonly #engine: Engine;
  readonly #label: string;
  readonly #upserts = new WeakMap<PreparedTable, UpsertSql>();

  constructor(engine: Engine, label: string) {
    this.isPipelined = engine.isPipelined;
    this.#engine = engine;
    this.#label = label;
    this.db = createKysely({
      compiler: () => new SqliteQueryCompiler(),
      execute: async (text, parameters) => await engine.query(text, parameters),
      schemas: () => Promise.resolve([]),
      tables: async () => await engine.tableNames(),
    });
  }

  lockSchema(): Promise<void> {
    return Promise.resolve();
  }

  nowMs(): Promise<number> {
    return Promise.resolve(Date.now());
  }

  table(name: string): RawBuilder<unknown> {
    return sql.id(name);
  }

  async findTable(name: string): Promise<ExistingTable | undefined> {
    return await this.#engine.findTable(name);
  }

  async widen(table: string, column: string): Promise<string | undefined> {
    return await this.#engine.widen(table, column);
  }

  async upsert(
    table: PreparedTable,
    { pieces }: RowValues,
    syncedAt: string,
  ): Promise<UpsertCounts> {
    const statements = this.#upserts.get(table) ?? buildUpsertSql(table);
    this.#upserts.set(table, statements);
    const counts = await Promise.all(
      pieces.map(async (piece) => await this.#engine.upsert(statements, piece, syncedAt)),
    );
    return {
      inserted: counts.reduce((sum, { inserted }) => sum + inserted, 0),
      updated: counts.reduce((sum, { updated }) => sum + updated, 0),
    };
  }

  async keyRelation(
    columns: readonly PreparedColumn[],
    keys: readonly SqlValue[][],
  ): Promise<RawBuilder<unknown>> {
    const types = columns.map(({ type }) => sqliteMapping.types[type]);
    return sql.id("temp", await this.#engine.stageKeys(types, keys));
  }

  rowRelation(columns: readonly PreparedColumn[], rows: RowValues): RawBuilder<unknown> {
    const names = ["n", ...columns.map((_, index) => `c${index}`)];
    const named = names.map(
      (name, index) => sql`${sql.id(`column${index + 1}`)} as ${sql.id(name)}`,
    );
    const values = Array.from({ length: rows.count }, (_, row) => {
      const cells = columns.map((_column, column) => sql`${rows.value(row, column)}`);
      return sql`(${sql.join([sql.lit(row), ...cells])})`;
    });
    return sql`(select ${sql.join(named)} from (values ${sql.join(values)}))`;
  }

  checkConstraintsAtOnce(): Promise<void> {
    return Promise.resolve();
  }

  async savepoint<T>(work: () => Promise<T>): Promise<T> {
    await this.#engine.exec("savepoint rivulet");
    try {
      const result = await work();
      await this.#engine.exec("release rivulet");
      return result;
    } catch (error) {
      const isOpen = await this.#engine.rollBackTo("rivulet");
      const translated = translateError(this.#label, error);
      if (isOpen || !(translated instanceof DataError)) throw translated;
      // Refusing the row has ended the whole transaction, so there is none left to search it in.
      throw new ConfigError(translated.message, { cause: error });
    }
  }
}
