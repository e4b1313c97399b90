import { randomUUID } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import pLimit from "p-limit";
import { sleep } from "../../core/sleep.ts";
import type { Dialect, NamingRules, Transaction } from "../sql/dialect.ts";
import { settleAll } from "../sql/settle-all.ts";
import {
  checkDirectory,
  connect,
  connectForReading,
  connectForWriting,
  inMemory,
  parsePath,
} from "./connection.ts";
import { LocalEngine, type Engine } from "./engine.ts";
import { isBusy, translateError } from "./errors.ts";
import { FileIdentity } from "./file-identity.ts";
import { SqliteTransaction } from "./transaction.ts";
import { sqliteMapping } from "./type-mapping.ts";
import { openWriterThread } from "./writer-thread.ts";

/** Interval at which a locked file is tried again. */
const pollMs = 20;

/** How to open a SQLite file. */
export interface SqliteOptions {
  /** How long to wait while another program has locked the file. */
  readonly busyMs: number;
  /** Ends that wait. */
  readonly signal?: AbortSignal | undefined;
  /** Whether to write in a separate thread. */
  readonly thread: boolean;
}

/** A SQLite file. It is opened or created at first use. */
export function openSqlite(url: string, options: SqliteOptions): Dialect {
  return new SqliteDialect(parsePath(url), options);
}

interface Connection {
  readonly engine: Engine;
  readonly transaction: SqliteTransaction;
  readonly file: FileIdentity;
}

interface TransactionMode {
  readonly connection: () => Connection | Promise<Connection>;
  readonly begin: string;
  readonly end: "commit" | "rollback";
}

class SqliteDialect implements Dialect {
  readonly label: string;
  readonly tag = undefined;
  readonly mapping = sqliteMapping;
  readonly naming = sqliteNaming;
  readonly hasOneWriter = true;
  readonly maxColumns = 2000;
  readonly #path: string;
  readonly #options: SqliteOptions;
  readonly #oneAtATime = pLimit(1);
  #reader: Connection | undefined;
  #writer: Connection | undefined;
  #lockTimedOut = false;

  constructor(path: string, options: SqliteOptions) {
    this.#path = path;
    this.#options = options;
    this.label = `sqlite:${path}`;
  }

  read<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.#oneAtATime(() => {
      // `begin` alone does not notice that another program has locked the file; a query does.
      const mode = {
        begin: "begin; select 1 from sqlite_schema limit 1",
        end: "commit",
      } as const;
      if (this.#writer || this.#path === inMemory)
        return this.#run({ ...mode, connection: this.#openWriter }, work);
      if (existsSync(this.#path)) return this.#run({ ...mode, connection: this.#openReader }, work);
      // Reading must not create the file, so it reads an empty database in memory.
      return this.#run(
        {
          ...mode,
          connection: () => this.#connectionOn(new LocalEngine(connect(inMemory)), inMemory),
        },
        work,
      );
    });
  }

  /** SQLite has one write lock per file, whatever the scope. */
  write<T>(_scope: string, work: (tx: Transaction) => Promise<T>): Promise<T> {
    const mode = { connection: this.#openWriter, begin: "begin immediate", end: "commit" } as const;
    return this.#oneAtATime(() => this.#run(mode, work));
  }

  /**
   * If the file does not exist, uses a temporary one beside it: another program could begin to use
   * the file itself before it is removed.
   */
  async withRollback(work: (tx: Transaction) => Promise<void>): Promise<void> {
    checkDirectory(this.#path);
    const exists = this.#path === inMemory || existsSync(this.#path);
    const path = exists ? this.#path : `${this.#path}.${randomUUID()}`;
    let engine: LocalEngine | undefined;
    const connection = (): Connection =>
      this.#connectionOn((engine ??= new LocalEngine(connect(path))), path);
    try {
      await this.#run({ connection, begin: "begin immediate", end: "rollback" }, work);
    } finally {
      engine?.close();
      if (!exists) rmSync(path, { force: true });
    }
  }

  endTransactions(): Promise<boolean> {
    return Promise.resolve(true);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#oneAtATime(async () => {
      // The last connection to close removes the log, and only the writer is sure to be able to.
      await this.#reader?.engine.close();
      this.#writer?.file.removeOrphanedLog();
      await this.#writer?.engine.close();
    });
  }

  readonly #openReader = (): Connection =>
    (this.#reader ??= this.#connectionOn(new LocalEngine(connectForReading(this.#path))));

  readonly #openWriter = async (): Promise<Connection> => {
    if (this.#writer) return this.#writer;
    checkDirectory(this.#path);
    const engine = this.#options.thread
      ? await openWriterThread(this.#path)
      : new LocalEngine(connectForWriting(this.#path));
    return (this.#writer = this.#connectionOn(engine));
  };

  #connectionOn(engine: Engine, path = this.#path): Connection {
    const transaction = new SqliteTransaction(engine, this.label);
    return { engine, transaction, file: new FileIdentity(path) };
  }

  async #run<T>(mode: TransactionMode, work: (tx: Transaction) => Promise<T>): Promise<T> {
    try {
      const pipelined = await this.#runPipelined(mode, work);
      return pipelined ? pipelined.result : await runAndEnd(await this.#begin(mode), mode, work);
    } catch (error) {
      throw translateError(this.label, error);
    }
  }

  /**
   * Runs a transaction without waiting for `begin`: while this thread reads pages, the writer's
   * thread would idle. Undefined, with nothing done, unless a thread has the file open, or if
   * another program has locked it.
   */
  async #runPipelined<T>(
    { connection, begin, end }: TransactionMode,
    work: (tx: Transaction) => Promise<T>,
  ): Promise<{ readonly result: T } | undefined> {
    if (connection !== this.#openWriter || !this.#writer || this.#lockTimedOut) return undefined;
    const { engine, transaction } = this.#writer;
    if (!engine.isPipelined) return undefined;
    try {
      const [, result] = await settleAll(engine.exec(begin), work(transaction));
      await endTransaction(this.#writer, end);
      return { result };
    } catch (error) {
      await engine.rollBack();
      if (isBusy(error)) return undefined;
      throw error;
    }
  }

  /**
   * Begins as soon as no other program has locked the file. After one timeout, later transactions
   * try once without waiting, until the file is free again.
   */
  async #begin({ connection, begin }: TransactionMode): Promise<Connection> {
    const { busyMs, signal } = this.#options;
    const deadline = this.#lockTimedOut ? 0 : Date.now() + busyMs;
    for (;;) {
      let opened: Connection | undefined;
      try {
        opened = await connection();
        await opened.engine.exec(begin);
        this.#lockTimedOut = false;
        return opened;
      } catch (error) {
        await opened?.engine.rollBack();
        if (!isBusy(error)) throw error;
        if (Date.now() >= deadline) {
          this.#lockTimedOut = true;
          throw error;
        }
      }
      await sleep(pollMs, signal);
    }
  }
}

/** Runs `work` in a transaction that has begun, then ends it. */
async function runAndEnd<T>(
  connection: Connection,
  { end }: TransactionMode,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  try {
    const result = await work(connection.transaction);
    await endTransaction(connection, end);
    return result;
  } catch (error) {
    await connection.engine.rollBack();
    throw error;
  }
}

/** Ends a transaction. Throws if the file was removed or replaced, as its data is then lost. */
async function endTransaction(
  { engine, file }: Connection,
  end: TransactionMode["end"],
): Promise<void> {
  file.verifyUnchanged();
  await engine.exec(end);
}

const sqliteNaming: NamingRules = {
  toDatabaseName: (name) => name,
  foldCase: (name) => name.replace(/[A-Z]/g, (letter) => letter.toLowerCase()),
  reserved: new Set(),
};
