import pLimit from "p-limit";
import type { Dialect, Transaction } from "../sql/dialect.ts";
import { parseAddress, type Address } from "./address.ts";
import { advisoryLockKey } from "./advisory-lock.ts";
import {
  isConnectionLost,
  isRetryable,
  isStatementCancelled,
  isTransactionAborted,
  isUnanswered,
  translateError,
} from "./errors.ts";
import { postgresNaming } from "./naming.ts";
import { ReconnectingClient, type ConnectOptions } from "./reconnecting-client.ts";
import type { PostgresTransaction } from "./transaction.ts";
import { postgresMapping } from "./type-mapping.ts";

const maxAttempts = 4;

/** Each takes as long as a statement may. */
const maxUnanswered = 2;

/** A schema of a Postgres database. Connects at first use. */
export function openPostgres(url: string, options: ConnectOptions): Dialect {
  return new PostgresDialect(parseAddress(url), options);
}

class PostgresDialect implements Dialect {
  readonly label: string;
  readonly mapping = postgresMapping;
  readonly naming = postgresNaming;
  readonly hasOneWriter = false;
  readonly maxColumns = 1600;
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

  get tag(): string {
    return this.#client.tag;
  }

  endTransactions(tag: string, options: { readonly onlyWaiting: boolean }): Promise<boolean> {
    return this.#oneAtATime(async () => {
      try {
        return await this.#client.endTransactions(tag, options);
      } catch (error) {
        throw translateError(this.label, error);
      }
    });
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
    let unanswered = 0;
    try {
      for (let attempt = 1; ; attempt += 1) {
        const transaction = await this.#client.openTransaction();
        try {
          return await runOnce(transaction, key, work);
        } catch (error) {
          if (isConnectionLost(error)) this.#client.markLost();
          if (isUnanswered(error)) unanswered += 1;
          if (attempt === maxAttempts || unanswered === maxUnanswered) throw error;
          if (!isRetryable(error)) throw error;
        }
      }
    } catch (error) {
      if (this.#client.isStopped || isStatementCancelled(error)) this.#signal?.throwIfAborted();
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
