import type { Client } from "pg";
import { TransientError } from "../../core/errors.ts";
import { sleep } from "../../core/sleep.ts";
import {
  connect,
  terminateBackend,
  type Address,
  type Backend,
  type ConnectOptions,
  type Connection,
} from "./connection.ts";
import { translateError } from "./errors.ts";
import { cancelBlockedStatements } from "./cancel-blocked-statements.ts";
import { PostgresTransaction } from "./transaction.ts";

const firstPauseMs = 100;
const maxPauseMs = 5000;

/** The way to the server: a connection that is made at the first use, and made anew when it is lost. */
export class ReconnectingClient implements AsyncDisposable {
  readonly #address: Address;
  readonly #options: ConnectOptions;
  #connected: Connection | undefined;
  #transaction: PostgresTransaction | undefined;
  #lost: Connection | undefined;
  /** Until when to try again; kept while it does not help, so that each further use tries once. */
  #deadline: number | undefined;
  readonly #disposal = new AbortController();

  constructor(address: Address, options: ConnectOptions) {
    this.#address = address;
    this.#options = options;
    this.#watchInterruption(options.signal);
  }

  /** Throws the driver's errors: at once where there never was a connection, else when trying again did not help. */
  async openTransaction(): Promise<PostgresTransaction> {
    if (this.#transaction) return this.#transaction;
    const connected = this.#lost
      ? await this.#again(this.#lost)
      : await connect(this.#address, this.#options);
    this.#connected = connected;
    this.#deadline = undefined;
    connected.client.once("end", () => {
      if (this.#connected === connected) this.markLost();
    });
    const { label, schema } = this.#address;
    return (this.#transaction = new PostgresTransaction(connected.client, { label, schema }));
  }

  /** Takes note that the connection is of no use any more. */
  markLost(): void {
    this.#lost = this.#connected ?? this.#lost;
    this.#connected = undefined;
    this.#transaction = undefined;
    void this.#lost?.client.end().catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposal.abort();
    const client = this.#connected?.client;
    this.#connected = undefined;
    await client?.end();
  }

  #watchInterruption(interruption: AbortSignal | undefined): void {
    const until = this.#disposal.signal;
    const backend = (): Backend | undefined => this.#connected?.backend;
    const open = async (): Promise<Client> => (await connect(this.#address, this.#options)).client;
    const begin = (): void => void cancelBlockedStatements({ backend, open, stop: until });
    if (interruption?.aborted) begin();
    else interruption?.addEventListener("abort", begin, { once: true, signal: until });
  }

  async #again(lost: Connection): Promise<Connection> {
    const { reconnectMs, signal } = this.#options;
    const deadline = (this.#deadline ??= Date.now() + reconnectMs);
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, maxPauseMs)) {
      try {
        return await this.#instead(lost);
      } catch (error) {
        const mayPass = translateError(this.#address.label, error) instanceof TransientError;
        if (!mayPass || Date.now() >= deadline) throw error;
      }
      await sleep(pauseMs, signal);
    }
  }

  async #instead({ backend }: Connection): Promise<Connection> {
    const connected = await connect(this.#address, this.#options);
    try {
      await terminateBackend(connected.client, backend);
      return connected;
    } catch (error) {
      await connected.client.end().catch(() => undefined);
      throw error;
    }
  }
}
