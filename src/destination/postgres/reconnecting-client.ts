import { TransientError } from "../../core/errors.ts";
import { sleep } from "../../core/sleep.ts";
import type { Address } from "./address.ts";
import { connect } from "./connect.ts";
import type { Connection } from "./connection.ts";
import { translateError } from "./errors.ts";
import { stopInTime } from "./stop-in-time.ts";
import { endTransactions, newTag } from "./tag.ts";
import { transactionSettings } from "./transaction-settings.ts";
import { PostgresTransaction } from "./transaction.ts";

const firstPauseMs = 100;
const maxPauseMs = 5000;

/** How to connect, and how long to wait for what. */
export interface ConnectOptions {
  /** How long to wait for another program's lock. */
  readonly busyMs: number;
  /** How long a suspended process may hold a transaction open before the server ends it. */
  readonly leaseMs: number;
  /** How long to try to reconnect after the connection was lost. */
  readonly reconnectMs: number;
  /** How long to wait for the server's answer to a statement. */
  readonly statementMs: number;
  /** Ends those attempts, and a few seconds later all waiting for the server. */
  readonly signal?: AbortSignal | undefined;
}

/** A connection to the server. It is opened at first use and replaced when it is lost. */
export class ReconnectingClient implements AsyncDisposable {
  /** The tag of its transactions. */
  readonly tag = newTag();
  readonly #address: Address;
  readonly #options: ConnectOptions;
  #connection: Connection | undefined;
  #transaction: PostgresTransaction | undefined;
  #isLost = false;
  /** When to stop reconnecting. Kept after a failure, so that each later use tries only once. */
  #deadline: number | undefined;
  readonly #disposal = new AbortController();
  /** Aborts some time after an interruption: nothing is waited for from then on. */
  readonly #stopped = new AbortController();

  constructor(address: Address, options: ConnectOptions) {
    this.#address = address;
    this.#options = options;
    this.#stopWhenInterrupted(options.signal);
  }

  /** Whether nothing is waited for any longer, because of an interruption. */
  get isStopped(): boolean {
    return this.#stopped.signal.aborted;
  }

  /**
   * The transaction of the current connection, or of a new one. Throws the driver's errors: at once
   * for the first connection, otherwise after the attempts to reconnect.
   */
  async openTransaction(): Promise<PostgresTransaction> {
    if (this.#transaction) return this.#transaction;
    const connection = this.#isLost ? await this.#reconnect() : await this.#open();
    this.#connection = connection;
    this.#deadline = undefined;
    this.#isLost = false;
    connection.onceEnded(() => {
      if (this.#connection === connection) this.markLost();
    });
    const { label, schema } = this.#address;
    const settings = transactionSettings({ schema, tag: this.tag, ...this.#options });
    return (this.#transaction = new PostgresTransaction(connection, { label, schema, settings }));
  }

  /** Ends the transactions of another process. Returns whether none is left. */
  async endTransactions(tag: string, options: { readonly onlyWaiting: boolean }): Promise<boolean> {
    await this.openTransaction();
    return this.#connection ? await endTransactions(this.#connection, tag, options) : false;
  }

  /** Discards the connection. The next use opens another. */
  markLost(): void {
    const lost = this.#connection;
    this.#isLost = true;
    this.#connection = undefined;
    this.#transaction = undefined;
    void lost?.[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposal.abort();
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.[Symbol.asyncDispose]();
  }

  #stopWhenInterrupted(interruption: AbortSignal | undefined): void {
    const closed = this.#disposal.signal;
    const giveUp = (): void => {
      this.#stopped.abort(interruption?.reason);
    };
    const open = (): Promise<Connection> => this.#open();
    const start = (): void => void stopInTime({ tag: this.tag, open, giveUp, closed });
    if (interruption?.aborted) start();
    else interruption?.addEventListener("abort", start, { once: true, signal: closed });
  }

  async #open(): Promise<Connection> {
    const { statementMs } = this.#options;
    return await connect(this.#address, { statementMs, signal: this.#stopped.signal });
  }

  async #reconnect(): Promise<Connection> {
    const { reconnectMs, signal } = this.#options;
    const deadline = (this.#deadline ??= Date.now() + reconnectMs);
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, maxPauseMs)) {
      try {
        return await this.#replace();
      } catch (error) {
        const isTransient = translateError(this.#address.label, error) instanceof TransientError;
        if (!isTransient || Date.now() >= deadline) throw error;
      }
      await sleep(pauseMs, signal);
    }
  }

  /** Opens a connection, and ends the transaction of the lost one. */
  async #replace(): Promise<Connection> {
    const connection = await this.#open();
    try {
      if (await endTransactions(connection, this.tag, { onlyWaiting: false })) return connection;
      throw new TransientError("the server did not end the lost connection; try again later");
    } catch (error) {
      await connection[Symbol.asyncDispose]();
      throw error;
    }
  }
}
