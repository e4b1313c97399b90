import type { Database } from "better-sqlite3";
import { sql, SqliteQueryCompiler, type Kysely, type QueryResult, type RawBuilder } from "kysely";
import type {
  EncodedRows,
  Found,
  PreparedColumn,
  PreparedTable,
  SqlValue,
  Transaction,
  Written,
} from "../dialect.ts";
import { kyselyOn } from "../kysely.ts";
import type { OwnTables } from "../own-tables.ts";
import { translate } from "./errors.ts";
import { findTable } from "./find.ts";
import { stageKeys } from "./keys.ts";
import { Upserts } from "./upsert.ts";
import { widenColumn } from "./widen.ts";

/** What is done inside a transaction on the one connection to the file. */
export class SqliteTransaction implements Transaction {
  readonly schema = undefined;
  readonly db: Kysely<OwnTables>;
  readonly #db: Database;
  readonly #label: string;
  readonly #upserts: Upserts;

  constructor(db: Database, label: string) {
    this.#db = db;
    this.#label = label;
    this.#upserts = new Upserts(db);
    this.db = kyselyOn({
      compiler: () => new SqliteQueryCompiler(),
      execute: (text, parameters) => Promise.resolve(execute(db, text, parameters)),
      schemas: () => Promise.resolve([]),
      tables: () => Promise.resolve(tablesOf(db)),
    });
  }

  nowMs(): Promise<number> {
    return Promise.resolve(Date.now());
  }

  table(name: string): RawBuilder<unknown> {
    return sql.id(name);
  }

  find(name: string): Promise<Found | undefined> {
    return Promise.resolve(findTable(this.#db, name));
  }

  widen(table: string, column: string): Promise<string | undefined> {
    return Promise.resolve(widenColumn(this.#db, table, column));
  }

  upsert(table: PreparedTable, rows: EncodedRows, syncedAt: string): Promise<Written> {
    return Promise.resolve(this.#upserts.run(table, rows, syncedAt));
  }

  keys(
    columns: readonly PreparedColumn[],
    keys: readonly SqlValue[][],
  ): Promise<RawBuilder<unknown>> {
    return Promise.resolve(stageKeys(this.#db, columns, keys));
  }

  async savepoint<T>(work: () => Promise<T>): Promise<T> {
    this.#db.exec("savepoint rivulet");
    try {
      const result = await work();
      this.#db.exec("release rivulet");
      return result;
    } catch (error) {
      if (this.#db.inTransaction) this.#db.exec("rollback to rivulet; release rivulet");
      throw translate(this.#label, error);
    }
  }
}

function execute(db: Database, text: string, parameters: readonly unknown[]): QueryResult<unknown> {
  const statement = db.prepare(text);
  if (statement.reader) return { rows: statement.safeIntegers().all(parameters) };
  return { rows: [], numAffectedRows: BigInt(statement.run(parameters).changes) };
}

function tablesOf(db: Database): string[] {
  return db
    .prepare<[], { name: string }>("select name from sqlite_schema where type = 'table'")
    .all()
    .map(({ name }) => name);
}
