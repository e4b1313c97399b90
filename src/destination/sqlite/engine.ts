import type { Database, Statement } from "better-sqlite3";
import type { QueryResult } from "kysely";
import type { ExistingTable, UpsertCounts } from "../sql/dialect.ts";
import type { SqlValue } from "../sql/sql-value.ts";
import { findTable } from "./find-table.ts";
import { stageKeys } from "./stage-keys.ts";
import { updateCounterFunction, type UpsertSql } from "./upsert-sql.ts";
import { widenColumn } from "./widen.ts";

/** The result itself if the engine runs in this thread, otherwise a promise. */
type MaybePromise<T> = T | Promise<T>;

/**
 * The operations on an open file, in this thread or in the writer's (`writer-thread.ts`). Arguments
 * and results can therefore be sent between threads. Throws the driver's errors.
 */
export interface Engine {
  /**
   * Whether a call may be sent before the previous one has been answered. After a failed call, all
   * others fail until the transaction is rolled back.
   */
  readonly isPipelined: boolean;
  exec(sql: string): MaybePromise<void>;
  query(text: string, parameters: readonly unknown[]): MaybePromise<QueryResult<unknown>>;
  tableNames(): MaybePromise<string[]>;
  findTable(name: string): MaybePromise<ExistingTable | undefined>;
  widen(table: string, column: string): MaybePromise<string | undefined>;
  upsert(sql: UpsertSql, values: readonly SqlValue[], syncedAt: string): MaybePromise<UpsertCounts>;
  stageKeys(types: readonly string[], keys: readonly SqlValue[][]): MaybePromise<string>;
  /** Rolls back, unless SQLite has already done so (it does when the disk is full). */
  rollBack(): MaybePromise<void>;
  /** Rolls back to a savepoint. Returns false if SQLite has already ended the whole transaction. */
  rollBackTo(savepoint: string): MaybePromise<boolean>;
  close(): MaybePromise<void>;
}

/** An engine that runs in this thread. */
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
    // SQLite may have rolled back on its own while calls were queued; they must not autocommit.
    if (!this.#db.inTransaction) throw new Error("SQLite has already ended the transaction");
    let changes = 0;
    this.#updated = 0;
    for (let start = 0; start < values.length;) {
      const { sql, rows } = values.length - start >= batch.rows * width ? batch : single;
      const end = start + rows * width;
      changes += this.#upsert(sql).run(values.slice(start, end), { syncedAt }).changes;
      start = end;
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
