import { createHash } from "node:crypto";
import pLimit from "p-limit";
import type { Dialect, Transaction } from "../sql/dialect.ts";
import { parseAddress, type Address, type ConnectOptions } from "./connection.ts";
import { isAborted, isCancelled, isLost, isWorthRetry, translate } from "./errors.ts";
import { Link } from "./reconnecting-client.ts";
import { postgresNames } from "./naming.ts";
import type { PostgresTransaction } from "./transaction.ts";
import { postgresValues } from "./type-mapping.ts";

const attempts = 4;

/** A schema of a Postgres database. It is connected to at the first use. */
export function openPostgres(url: string, options: ConnectOptions): Dialect {
  return new PostgresDialect(parseAddress(url), options);
}

/** What a transaction did whose commit was asked for. */
interface Asked<T> {
  readonly number: string;
  readonly result: T;
}

class PostgresDialect implements Dialect {
  readonly label: string;
  readonly values = postgresValues;
  readonly names = postgresNames;
  readonly #schema: string;
  readonly #link: Link;
  readonly #signal: AbortSignal | undefined;
  readonly #oneAtATime = pLimit(1);

  constructor(address: Address, options: ConnectOptions) {
    this.label = address.label;
    this.#schema = address.schema;
    this.#signal = options.signal;
    this.#link = new Link(address, options);
  }

  read<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.#oneAtATime(() => this.#run(undefined, work));
  }

  write<T>(scope: string, work: (tx: Transaction) => Promise<T>): Promise<T> {
    const key = lockKey(this.#schema, scope);
    return this.#oneAtATime(() => this.#run(key, work));
  }

  async rehearse(work: (tx: Transaction) => Promise<void>): Promise<void> {
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
    const commit: { asked?: Asked<T> } = {};
    try {
      for (let attempt = 1; ; attempt += 1) {
        const transaction = await this.#link.open();
        try {
          const { asked } = commit;
          if (asked && (await transaction.wasCommitted(asked.number))) return asked.result;
          return await runOnce(transaction, { key, work, commit });
        } catch (error) {
          if (attempt === attempts || !isWorthRetry(error)) throw error;
          if (isLost(error)) this.#link.lose();
        }
      }
    } catch (error) {
      if (isCancelled(error)) this.#signal?.throwIfAborted();
      throw translate(this.label, error);
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
    readonly commit: { asked?: Asked<T> };
  },
): Promise<T> {
  try {
    await transaction.begin(key);
    const result = await work(transaction);
    const number = await transaction.number();
    if (number !== undefined) commit.asked = { number, result };
    await transaction.commit();
    return result;
  } catch (error) {
    // Where even this fails the connection is lost, which rolls back too, and the first error says why.
    await transaction.rollback().catch(() => undefined);
    throw isAborted(error) ? (transaction.failure ?? error) : error;
  }
}

/** The key of an advisory lock, which writes nothing, unlike the lock of a row. */
function lockKey(schema: string, scope: string): bigint {
  const hash = createHash("sha256")
    .update(JSON.stringify(["rivulet", schema, scope]))
    .digest();
  return hash.readBigInt64BE();
}
