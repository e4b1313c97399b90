import { Socket } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  Client,
  type ClientConfig,
  type QueryArrayResult,
  type QueryResult,
  type QueryResultRow,
} from "pg";
import { from as copyFrom } from "pg-copy-streams";
import type { QueryValue } from "../../core/query.ts";
import { requireChannelBinding } from "./libpq/channel-binding.ts";
import { queryTypes } from "./query-values.ts";
import { UnansweredError } from "./unanswered-error.ts";

const closeMs = 500;
const keepAliveMs = 10_000;

/** Where to log in, and as whom. */
export interface Login {
  readonly config: ClientConfig;
  /** How long connecting may take. */
  readonly connectMs: number;
  /** Whether a login counts that is not bound to its TLS connection. */
  readonly needsChannelBinding: boolean;
  /** A connection that is open already. Default: a new one. */
  readonly socket?: Socket | undefined;
}

/** How to connect. */
export interface ConnectionOptions {
  /** After how long without an answer a statement fails, and the connection is given up. */
  readonly statementMs: number;
  /** Gives up the connection at once, also while it is being made. */
  readonly signal: AbortSignal;
}

/**
 * A connection that returns all values as text. Everything on it ends in time, even if nothing is
 * heard from the server any more. Throws the driver's errors, or an UnansweredError.
 */
export class Connection implements AsyncDisposable {
  readonly #client: Client;
  readonly #socket: Socket;
  readonly #statementMs: number;
  readonly #closed = new AbortController();
  readonly #givenUp: Promise<never>;
  #reject: (error: Error) => void = () => undefined;

  private constructor(client: Client, socket: Socket, options: ConnectionOptions) {
    const { statementMs, signal } = options;
    this.#client = client;
    this.#socket = socket;
    this.#statementMs = statementMs;
    this.#givenUp = new Promise((_, reject) => (this.#reject = reject));
    this.#givenUp.catch(() => undefined);
    // A lost connection fails the current or next query. An unhandled event would end the process.
    client.on("error", () => undefined);
    const giveUp = (): void => {
      this.giveUp(signal.reason as Error);
    };
    signal.addEventListener("abort", giveUp, { once: true, signal: this.#closed.signal });
  }

  /** Connects and logs in. */
  static async open(login: Login, options: ConnectionOptions): Promise<Connection> {
    options.signal.throwIfAborted();
    const socket = login.socket ?? new Socket();
    const client = new Client({
      ...login.config,
      connectionTimeoutMillis: Math.min(login.connectMs, options.statementMs),
      keepAlive: true,
      keepAliveInitialDelayMillis: keepAliveMs,
      types: { getTypeParser: () => (text: string) => text },
      stream: () => socket,
    });
    const connection = new Connection(client, socket, options);
    if (login.needsChannelBinding)
      requireChannelBinding(client.connection, (error) => {
        connection.giveUp(error);
      });
    try {
      await Promise.race([client.connect(), connection.#givenUp]);
      return connection;
    } catch (error) {
      connection.giveUp(error as Error);
      throw error;
    }
  }

  /** Calls `callback` when the connection has ended, for whatever reason. */
  onceEnded(callback: () => void): void {
    this.#client.once("end", callback);
  }

  /** Runs a statement; without parameters, it may be several. */
  query<Row extends QueryResultRow>(
    text: string,
    parameters: readonly unknown[] = [],
  ): Promise<QueryResult<Row>> {
    return this.#untilDeadline(() => this.#client.query<Row>(text, [...parameters]));
  }

  /**
   * Runs a single statement, and returns its rows as lists: several of their columns may have the
   * same name. Booleans and bytes are values, all else is text.
   */
  queryRows(text: string, values: readonly string[]): Promise<QueryArrayResult<QueryValue[]>> {
    // `queryMode` is missing in the driver's types. Without it, the text may be several statements.
    const extended = { queryMode: "extended", rowMode: "array", types: queryTypes } as const;
    const statement = { ...extended, text, values: [...values] };
    return this.#untilDeadline(() => this.#client.query<QueryValue[]>(statement));
  }

  /** Runs a `copy … from stdin` with the text of the rows. */
  async copyFrom(statement: string, text: Iterable<string>): Promise<void> {
    await this.#untilDeadline(() =>
      pipeline(Readable.from(text), this.#client.query(copyFrom(statement))),
    );
  }

  /** Ends the connection without a word to the server. Whatever waits for it fails with `error`. */
  giveUp(error: Error): void {
    this.#closed.abort();
    this.#reject(error);
    this.#socket.destroy(error);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort();
    const timer = setTimeout(() => this.#socket.destroy(), closeMs);
    await this.#client.end().catch(() => undefined);
    clearTimeout(timer);
  }

  /** What the server has done with a statement without an answer is unknown. */
  async #untilDeadline<T>(run: () => Promise<T>): Promise<T> {
    const timer = setTimeout(() => {
      this.giveUp(new UnansweredError(this.#statementMs));
    }, this.#statementMs);
    try {
      return await Promise.race([run(), this.#givenUp]);
    } finally {
      clearTimeout(timer);
    }
  }
}
