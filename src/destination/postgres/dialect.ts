import { createHash } from "node:crypto";
import pLimit from "p-limit";
import type { Dialect, Transaction } from "../sql/dialect.ts";
import { parseAddress, type Address, type ConnectOptions } from "./connection.ts";
import {
  isTransactionAborted,
  isStatementCancelled,
  isConnectionLost,
  isRetryable,
  translateError,
} from "./errors.ts";
import { ReconnectingClient } from "./reconnecting-client.ts";
import { postgresNaming } from "./naming.ts";
import type { PostgresTransaction } from "./transaction.ts";
import { postgresMapping } from "./type-mapping.ts";

const maxAttempts = 4;

/** A schema of a Postgres database. It is connected to at the first use. */
export function openPostgres(url: string, options: ConnectOptions): Dialect {
  return new PostgresDialect(parseAddress(url), options);
}

/** What a transaction did whose commit was asked for. */
interface PendingCommit<T> {
  readonly transactionId: string;
  readonly result: T;
}

class PostgresDialect implements Dialect {
  readonly label: string;
  readonly mapping = postgresMapping;
  readonly naming = postgresNaming;
  readonly #schema: string;
  readonly #link: ReconnectingClient;
  readonly #signal: AbortSignal | undefined;
  readonly #oneAtATime = pLimit(1);

  constructor(address: Address, options: ConnectOptions) {
    this.label = address.label;
    this.#schema = address.schema;
    this.#signal = options.signal;
    this.#link = new ReconnectingClient(address, options);
  }

  read<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.#oneAtATime(() => this.#run(undefined, work));
  }

  write<T>(scope: string, work: (tx: Transaction) => Promise<T>): Promise<T> {
    const key = advisoryLockKey(this.#schema, scope);
    return this.#oneAtATime(() => this.#run(key, work));
  }

  async withRollback(work: (tx: Transaction) => Promise<void>): Promise<void> {
    const undo = new Error("the rehearsal is over");
    try {
      await this.write("migrate", async (tx) => {
        await work(tx);
        throw undo;
      });
    } catch (error) {
      if (error !== undo) throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#oneAtATime(() => this.#link[Symbol.asyncDispose]());
  }

  /**
   * Runs a transaction; again where the database asks for it, or the connection was lost. Where the answer to a commit was lost, the
   * server is asked what became of it, so that nothing is done, or counted, twice.
   */
  async #run<T>(key: bigint | undefined, work: (tx: Transaction) => Promise<T>): Promise<T> {
    const commit: { asked?: PendingCommit<T> } = {};
    try {
      for (let attempt = 1; ; attempt += 1) {
        const transaction = await this.#link.openTransaction();
        try {
          const { asked } = commit;
          if (asked && (await transaction.wasCommitted(asked.transactionId))) return asked.result;
          return await runOnce(transaction, { key, work, commit });
        } catch (error) {
          if (attempt === maxAttempts || !isRetryable(error)) throw error;
          if (isConnectionLost(error)) this.#link.markLost();
        }
      }
    } catch (error) {
      if (isStatementCancelled(error)) this.#signal?.throwIfAborted();
      throw translateError(this.label, error);
    }
  }
}

async function runOnce<T>(
  transaction: PostgresTransaction,
  {
    key,
    work,
    commit,
  }: {
    readonly key: bigint | undefined;
    readonly work: (tx: Transaction) => Promise<T>;
    readonly commit: { asked?: PendingCommit<T> };
  },
): Promise<T> {
  try {
    await transaction.begin(key);
    const result = await work(transaction);
    const number = await transaction.transactionId();
    if (number !== undefined) commit.asked = { transactionId: number, result };
    await transaction.commit();
    return result;
  } catch (error) {
    // Where even this fails the connection is lost, which rolls back too, and the first error says why.
    await transaction.rollback().catch(() => undefined);
    throw isTransactionAborted(error) ? (transaction.firstError ?? error) : error;
  }
}

/** The key of an advisory lock, which writes nothing, unlike the lock of a row. */
function advisoryLockKey(schema: string, scope: string): bigint {
  const hash = createHash("sha256")
    .update(JSON.stringify(["rivulet", schema, scope]))
    .digest();
  return hash.readBigInt64BE();
}
