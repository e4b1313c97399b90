import { sql } from "kysely";
import pLimit from "p-limit";
import { LockedError, messageOf, TransientError } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import { BusyError, type Dialect, type Transaction } from "./dialect.ts";
import { lostCommitsError, renewLease, verifyLease, type Lease } from "./lease.ts";
import { lockRowKey } from "./lock-row.ts";
import { runInOrder } from "./settle-all.ts";

interface Attempt<T> {
  readonly result: T;
  /** The number of commits, this one included. */
  readonly commits: number;
}

/**
 * The transactions of a session. Each verifies the lease, and is counted in the lock's row if it
 * writes. The next one compares the stored count with the known one: a smaller one shows that a
 * failover has lost transactions, and after a lost connection it tells whether the last one was
 * committed. The server's own transaction numbers would not do: a copy of it uses them again.
 */
export class LeasedTransactions {
  readonly #dialect: Dialect;
  readonly #lease: Lease;
  readonly #lost = new AbortController();
  readonly #oneAtATime = pLimit(1);
  #known = 0;
  /** Whether one more may have been committed, because a transaction failed at its end. */
  #isOpen = false;

  constructor(dialect: Dialect, lease: Lease) {
    this.#dialect = dialect;
    this.#lease = lease;
  }

  /** Aborts when the lease or a transaction turns out to be lost. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Renews the lease. The next write reports a failure, unless the next renewal succeeds. */
  async renew(log: Log): Promise<void> {
    try {
      await this.run((tx) => renewLease(tx, this.#lease));
    } catch (error) {
      log.debug(`could not renew the lock: ${messageOf(error)}`);
    }
  }

  /**
   * Runs `work` in a transaction, which is committed only once, even if a reply is lost. Throws a
   * LockedError if the lease or a transaction was lost.
   */
  async run<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    try {
      return await this.#oneAtATime(() => this.#run(work));
    } catch (error) {
      if (error instanceof LockedError) this.#lost.abort(error);
      throw error;
    }
  }

  async #run<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    let last: Attempt<T> | undefined;
    let isVerified = false;
    try {
      const result = await this.#dialect.write(this.#lease.pipeline.name, async (tx) => {
        let committed: Attempt<T> | undefined;
        const verify = async (): Promise<void> => {
          const stored = await verifyLease(tx, this.#lease);
          if (last && stored !== this.#known && stored === last.commits) committed = last;
          else this.#compare(stored);
          isVerified = true;
        };
        isVerified = false;
        return await runInOrder(tx, verify, async () => {
          if (committed) return committed.result;
          const result = await work(tx);
          last = { result, commits: await this.#count(tx) };
          return result;
        });
      });
      this.#known = last?.commits ?? this.#known;
      return result;
    } catch (error) {
      this.#isOpen ||= last !== undefined;
      // What is locked is the lock's row, and not a table that statements sent behind it concern.
      const isOwnRow = error instanceof BusyError && !isVerified;
      throw isOwnRow ? new TransientError(error.message, { cause: error }) : error;
    }
  }

  #compare(stored: number): void {
    const isKnown = stored === this.#known || (this.#isOpen && stored === this.#known + 1);
    if (!isKnown) throw lostCommitsError(this.#lease.pipeline.name);
    this.#known = stored;
    this.#isOpen = false;
  }

  /** Counts the transaction, if it has written. */
  async #count({ db, hasWritten }: Transaction): Promise<number> {
    if (!hasWritten) return this.#known;
    const row = await db
      .updateTable("_rivulet_state")
      .set({ commits: sql`commits + 1` })
      .where((eb) => eb.and(lockRowKey(this.#lease.pipeline.name)))
      .where(hasWritten)
      .returning("commits")
      .executeTakeFirst();
    return row ? Number(row.commits) : this.#known;
  }
}
