import { randomUUID } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import pLimit from "p-limit";
import { settleAll } from "../sql/settle-all.ts";
import type { Dialect, NamingRules, Transaction } from "../sql/dialect.ts";
import { sleep } from "../../core/sleep.ts";
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
import { openWriterThread } from "./writer-thread.ts";
import { SqliteTransaction } from "./transaction.ts";
import { sqliteMapping } from "./type-mapping.ts";

export interface SqliteOptions {
  /** How long to wait for another program that has locked the file. */
  readonly busyMs: number;
  /** Ends that waiting. */
  readonly signal?: AbortSignal | undefined;
  /** Whether what writes gets a thread of its own. */
  readonly thread: boolean;
}

/** A SQLite file. It is opened, or made, at the first use that needs it. */
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
  readonly mapping = sqliteMapping;
  readonly naming = sqliteNaming;
  readonly #path: string;
  readonly #options: SqliteOptions;
  readonly #oneAtATime = pLimit(1);
  #reader: Connection | undefined;
  #writer: Connection | undefined;
  #waitedInVain = false;

  constructor(path: string, options: SqliteOptions) {
    this.#path = path;
    this.#options = options;
    this.label = `sqlite:${path}`;
  }

  read<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.#oneAtATime(() => {
      // The first statement finds out whether another program has locked the file, as `begin` alone would not.
      const course = {
        begin: "begin; select 1 from sqlite_schema limit 1",
        end: "commit",
      } as const;
      if (this.#writer || this.#path === inMemory)
        return this.#run({ ...course, connection: this.#toWrite }, work);
      if (existsSync(this.#path)) return this.#run({ ...course, connection: this.#toRead }, work);
      // An empty database in memory stands for a file that reading must not make.
      return this.#run(
        { ...course, connection: () => this.#on(new LocalEngine(connect(inMemory)), inMemory) },
        work,
      );
    });
  }

  /** The file has one lock for all scopes. */
  write<T>(_scope: string, work: (tx: Transaction) => Promise<T>): Promise<T> {
    const course = { connection: this.#toWrite, begin: "begin immediate", end: "commit" } as const;
    return this.#oneAtATime(() => this.#run(course, work));
  }

  /** Where there is no file, in one beside its place: nobody else may have begun to use that when it is removed. */
  async withRollback(work: (tx: Transaction) => Promise<void>): Promise<void> {
    checkDirectory(this.#path);
    const isThere = this.#path === inMemory || existsSync(this.#path);
    const path = isThere ? this.#path : `${this.#path}.${randomUUID()}`;
    let engine: LocalEngine | undefined;
    const connection = (): Connection =>
      this.#on((engine ??= new LocalEngine(connect(path))), path);
    try {
      await this.#run({ connection, begin: "begin immediate", end: "rollback" }, work);
    } finally {
      engine?.close();
      if (!isThere) rmSync(path, { force: true });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#oneAtATime(async () => {
      // The last one to be closed tidies up, which only the writer may be able to.
      await this.#reader?.engine.close();
      this.#writer?.file.removeOrphanedLog();
      await this.#writer?.engine.close();
    });
  }

  readonly #toRead = (): Connection =>
    (this.#reader ??= this.#on(new LocalEngine(connectForReading(this.#path))));

  readonly #toWrite = async (): Promise<Connection> => {
    if (this.#writer) return this.#writer;
    checkDirectory(this.#path);
    const engine = this.#options.thread
      ? await openWriterThread(this.#path)
      : new LocalEngine(connectForWriting(this.#path));
    return (this.#writer = this.#on(engine));
  };

  #on(engine: Engine, path = this.#path): Connection {
    const transaction = new SqliteTransaction(engine, this.label);
    return { engine, transaction, file: new FileIdentity(path) };
  }

  async #run<T>(course: TransactionMode, work: (tx: Transaction) => Promise<T>): Promise<T> {
    try {
      const done = await this.#atOnce(course, work);
      return done ? done.result : await runAndEnd(await this.#begin(course), course, work);
    } catch (error) {
      throw translateError(this.label, error);
    }
  }

  /**
   * The same without waiting for an answer between beginning and work: a thread that waits for this one, which has pages to read, does nothing.
   * Undefined where no thread has the file open yet, or another program has locked it.
   */
  async #atOnce<T>(
    { connection, begin, end }: TransactionMode,
    work: (tx: Transaction) => Promise<T>,
  ): Promise<{ readonly result: T } | undefined> {
    if (connection !== this.#toWrite || !this.#writer || this.#waitedInVain) return undefined;
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

  /** Begins, once other programs leave the file. After having waited in vain, nothing waits again until the file is free. */
  async #begin({ connection, begin }: TransactionMode): Promise<Connection> {
    const { busyMs, signal } = this.#options;
    const deadline = this.#waitedInVain ? 0 : Date.now() + busyMs;
    for (;;) {
      let opened: Connection | undefined;
      try {
        opened = await connection();
        await opened.engine.exec(begin);
        this.#waitedInVain = false;
        return opened;
      } catch (error) {
        await opened?.engine.rollBack();
        if (!isBusy(error)) throw error;
        if (Date.now() >= deadline) {
          this.#waitedInVain = true;
          throw error;
        }
      }
      await sleep(pollMs, signal);
    }
  }
}

/** Does the work of a transaction that has begun, and ends it. */
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

/** Ends a transaction, unless its file is lost, and with it what was written or read. */
async function endTransaction(
  { engine, file }: Connection,
  end: TransactionMode["end"],
): Promise<void> {
  file.verifyUnchanged();
  await engine.exec(end);
}

const pollMs = 20;

const sqliteNaming: NamingRules = {
  toDatabaseName: (name) => name,
  foldCase: (name) => name.replace(/[A-Z]/g, (letter) => letter.toLowerCase()),
  reserved: new Set(),
};
