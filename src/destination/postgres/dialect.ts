import pLimit from "p-limit";
import type { Dialect, Transaction } from "../sql/dialect.ts";
import { advisoryLockKey } from "./advisory-lock.ts";
import { parseAddress, type Address, type ConnectOptions } from "./connection.ts";
import {
  isConnectionLost,
  isRetryable,
  isStatementCancelled,
  isTransactionAborted,
  translateError,
} from "./errors.ts";
import { postgresNaming } from "./naming.ts";
import { ReconnectingClient } from "./reconnecting-client.ts";
import type { PostgresTransaction } from "./transaction.ts";
import { postgresMapping } from "./type-mapping.ts";

const maxAttempts = 4;

/** A schema of a Postgres database. Connects at first use. */
export function openPostgres(url: string, options: ConnectOptions): Dialect {
  return new PostgresDialect(parseAddress(url), options);
}

class PostgresDialect implements Dialect {
  readonly label: string;
  readonly mapping = postgresMapping;
  readonly naming = postgresNaming;
  readonly hasOneWriter = false;
  readonly #schema: string;
  readonly #client: ReconnectingClient;
  readonly #signal: AbortSignal | undefined;
  readonly #oneAtATime = pLimit(1);

  constructor(address: Address, options: ConnectOptions) {
    this.label = address.label;
    this.#schema = address.schema;
    this.#signal = options.signal;
    this.#client = new ReconnectingClient(address, options);
  }

  read<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.#oneAtATime(() => this.#run(undefined, work));
  }

  write<T>(scope: string, work: (tx: Transaction) => Promise<T>): Promise<T> {
    const key = advisoryLockKey(this.#schema, scope);
    return this.#oneAtATime(() => this.#run(key, work));
  }

  async withRollback(work: (tx: Transaction) => Promise<void>): Promise<void> {
    const undo = new Error("roll back");
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
    await this.#oneAtATime(() => this.#client[Symbol.asyncDispose]());
  }

  /**
   * Runs a transaction, and again after a serialization failure, a deadlock or a lost connection.
   * If the reply to a commit was lost, `work` finds what it has committed itself.
   */
  async #run<T>(key: bigint | undefined, work: (tx: Transaction) => Promise<T>): Promise<T> {
    try {
      for (let attempt = 1; ; attempt += 1) {
        const transaction = await this.#client.openTransaction();
        try {
          return await runOnce(transaction, key, work);
        } catch (error) {
          if (attempt === maxAttempts || !isRetryable(error)) throw error;
          if (isConnectionLost(error)) this.#client.markLost();
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
  key: bigint | undefined,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  try {
    await transaction.begin(key);
    const result = await work(transaction);
    await transaction.commit();
    return result;
  } catch (error) {
    // If this fails too, the connection is lost, which also rolls back; report the first error.
    await transaction.rollback().catch(() => undefined);
    throw isTransactionAborted(error) ? (transaction.firstError ?? error) : error;
  }
}
