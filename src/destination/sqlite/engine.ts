import type { Database, Statement } from "better-sqlite3";
import type { QueryResult } from "kysely";
import type { ExistingTable, UpsertCounts } from "../sql/dialect.ts";
import type { SqlValue } from "../sql/sql-value.ts";
import { findTable } from "./find-table.ts";
import { stageKeys } from "./stage-keys.ts";
import { updateCounterFunction, type UpsertSql } from "./upsert-sql.ts";
import { widenColumn } from "./widen.ts";

/** Its result at once where the engine runs in this thread, else a promise. */
type MaybePromise<T> = T | Promise<T>;

/**
 * What is done with an open file, in this thread or in one of its own (`thread.ts`), so that arguments and results are only what can be sent
 * between threads. Throws the driver's errors.
 */
export interface Engine {
  /** Whether calls may be sent before the one before them was answered: after one that failed, nothing is done until the transaction is rolled back. */
  readonly isPipelined: boolean;
  exec(sql: string): MaybePromise<void>;
  query(text: string, parameters: readonly unknown[]): MaybePromise<QueryResult<unknown>>;
  tableNames(): MaybePromise<string[]>;
  findTable(name: string): MaybePromise<ExistingTable | undefined>;
  widen(table: string, column: string): MaybePromise<string | undefined>;
  upsert(sql: UpsertSql, values: readonly SqlValue[], syncedAt: string): MaybePromise<UpsertCounts>;
  stageKeys(types: readonly string[], keys: readonly SqlValue[][]): MaybePromise<string>;
  /** Ends a transaction that was neither committed, nor rolled back by SQLite itself, as it is when the disk is full. */
  rollBack(): MaybePromise<void>;
  /** The same for what was done since a savepoint. Says whether there is still a transaction. */
  rollBackTo(savepoint: string): MaybePromise<boolean>;
  close(): MaybePromise<void>;
}

/** The engine on a connection of this thread. */
export class LocalEngine implements Engine {
  readonly isPipelined = false;
  readonly #db: Database;
  readonly #upserts = new Map<string, Statement>();
  #updated = 0;

  constructor(db: Database) {
    this.#db = db;
    db.function(updateCounterFunction, { directOnly: true }, () => {
      this.#updated += 1;
      return 0;
    });
  }

  exec(sql: string): void {
    this.#db.exec(sql);
  }

  query(text: string, parameters: readonly unknown[]): QueryResult<unknown> {
    const statement = this.#db.prepare(text);
    if (statement.reader) return { rows: statement.safeIntegers().all(parameters) };
    return { rows: [], numAffectedRows: BigInt(statement.run(parameters).changes) };
  }

  tableNames(): string[] {
    return this.#db
      .prepare<[], { name: string }>("select name from sqlite_schema where type = 'table'")
      .all()
      .map(({ name }) => name);
  }

  findTable(name: string): ExistingTable | undefined {
    return findTable(this.#db, name);
  }

  widen(table: string, column: string): string | undefined {
    return widenColumn(this.#db, table, column);
  }

  upsert(
    { width, batch, single }: UpsertSql,
    values: readonly SqlValue[],
    syncedAt: string,
  ): UpsertCounts {
    // SQLite may have rolled back by itself, with calls still to come; nothing may be written outside of a transaction.
    if (!this.#db.inTransaction) throw new Error("the transaction has ended before its time");
    let changes = 0;
    this.#updated = 0;
    for (let at = 0; at < values.length;) {
      const { sql, rows } = values.length - at >= batch.rows * width ? batch : single;
      const end = at + rows * width;
      changes += this.#upsert(sql).run(values.slice(at, end), { syncedAt }).changes;
      at = end;
    }
    return { inserted: changes - this.#updated, updated: this.#updated };
  }

  stageKeys(types: readonly string[], keys: readonly SqlValue[][]): string {
    return stageKeys(this.#db, types, keys);
  }

  rollBack(): void {
    if (this.#db.inTransaction) this.#db.exec("rollback");
  }

  rollBackTo(savepoint: string): boolean {
    if (!this.#db.inTransaction) return false;
    this.#db.exec(`rollback to ${savepoint}; release ${savepoint}`);
    return true;
  }

  close(): void {
    this.#db.close();
  }

  #upsert(sql: string): Statement {
    const statement = this.#upserts.get(sql) ?? this.#db.prepare(sql);
    this.#upserts.set(sql, statement);
    return statement;
  }
}
