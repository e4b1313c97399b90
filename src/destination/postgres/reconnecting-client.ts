import type { Client } from "pg";
import { TransientError } from "../../core/errors.ts";
import { sleep } from "../../core/sleep.ts";
import { cancelBlockedStatements } from "./cancel-blocked-statements.ts";
import {
  connect,
  terminateBackend,
  type Address,
  type Backend,
  type ConnectOptions,
  type Connection,
} from "./connection.ts";
import { translateError } from "./errors.ts";
import { PostgresTransaction } from "./transaction.ts";

const firstPauseMs = 100;
const maxPauseMs = 5000;

/** A connection to the server. It is opened at first use and replaced when it is lost. */
export class ReconnectingClient implements AsyncDisposable {
  readonly #address: Address;
  readonly #options: ConnectOptions;
  #connection: Connection | undefined;
  #transaction: PostgresTransaction | undefined;
  #lost: Connection | undefined;
  /** When to stop reconnecting. Kept after a failure, so that each later use tries only once. */
  #deadline: number | undefined;
  readonly #disposal = new AbortController();

  constructor(address: Address, options: ConnectOptions) {
    this.#address = address;
    this.#options = options;
    this.#cancelWhenInterrupted(options.signal);
  }

  /**
   * The transaction of the current connection, or of a new one. Throws the driver's errors: at once
   * for the first connection, otherwise after the attempts to reconnect.
   */
  async openTransaction(): Promise<PostgresTransaction> {
    if (this.#transaction) return this.#transaction;
    const connection = this.#lost
      ? await this.#reconnect(this.#lost)
      : await connect(this.#address, this.#options);
    this.#connection = connection;
    this.#deadline = undefined;
    connection.client.once("end", () => {
      if (this.#connection === connection) this.markLost();
    });
    const { label, schema } = this.#address;
    return (this.#transaction = new PostgresTransaction(connection.client, { label, schema }));
  }

  /** Discards the connection. The next use opens another. */
  markLost(): void {
    this.#lost = this.#connection ?? this.#lost;
    this.#connection = undefined;
    this.#transaction = undefined;
    void this.#lost?.client.end().catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposal.abort();
    const client = this.#connection?.client;
    this.#connection = undefined;
    await client?.end();
  }

  #cancelWhenInterrupted(interruption: AbortSignal | undefined): void {
    const stop = this.#disposal.signal;
    const backend = (): Backend | undefined => this.#connection?.backend;
    const open = async (): Promise<Client> => (await connect(this.#address, this.#options)).client;
    const startCancelling = (): void => void cancelBlockedStatements({ backend, open, stop });
    if (interruption?.aborted) startCancelling();
    else interruption?.addEventListener("abort", startCancelling, { once: true, signal: stop });
  }

  async #reconnect(lost: Connection): Promise<Connection> {
    const { reconnectMs, signal } = this.#options;
    const deadline = (this.#deadline ??= Date.now() + reconnectMs);
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, maxPauseMs)) {
      try {
        return await this.#replace(lost);
      } catch (error) {
        const isTransient = translateError(this.#address.label, error) instanceof TransientError;
        if (!isTransient || Date.now() >= deadline) throw error;
      }
      await sleep(pauseMs, signal);
    }
  }

  async #replace({ backend }: Connection): Promise<Connection> {
    const connection = await connect(this.#address, this.#options);
    try {
      await terminateBackend(connection.client, backend);
      return connection;
    } catch (error) {
      await connection.client.end().catch(() => undefined);
      throw error;
    }
  }
}
