import { DatabaseError } from "pg";
import type { Query, QueryPage, QueryResult } from "../../core/query.ts";
import { numberParameters, type NumberedQuery } from "../sql/named-parameters.ts";
import { checkReads, firstWord, timeoutError } from "../sql/query-errors.ts";
import { parseAddress, type Address } from "./address.ts";
import { connect } from "./connect.ts";
import type { Connection } from "./connection.ts";
import { isUnanswered, translateError } from "./errors.ts";
import { existingNames, translateQueryError } from "./query-errors.ts";
import { columnOf, lengthOf } from "./query-values.ts";
import { endTransactions, newTag } from "./tag.ts";
import { transactionSettings } from "./transaction-settings.ts";

interface Options {
  /** How long to wait for another program's lock. */
  readonly busyMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** How long the reader of the rows may pause. */
const idleMs = 600_000;

/** How long the end of an interrupted query is waited for. */
const stopMs = 2000;

/** How much longer than the query itself the server's answer is waited for. */
const answerMs = 5000;

/** The server takes nothing but what reads behind it. */
const cursor = "declare rivulet no scroll cursor for ";

const firstRows = 50;
const maxRows = 2000;
const pageLength = 1_000_000;

/**
 * Runs a query in a transaction that is READ ONLY and rolled back, and fetches its rows from a
 * cursor.
 */
export async function queryPostgres(
  url: string,
  query: Query,
  options: Options,
): Promise<QueryResult> {
  const address = parseAddress(url);
  checkReads(query.text);
  const numbered = numberParameters(query.text, query.parameters, (number) => `$${number}`);
  const session = new QuerySession({ address, query, numbered }, options);
  try {
    return await session.open();
  } catch (error) {
    const translated = await session.translate(error);
    await session[Symbol.asyncDispose]();
    throw translated;
  }
}

interface Subject {
  readonly address: Address;
  readonly query: Query;
  readonly numbered: NumberedQuery;
}

/** A connection that runs one query. */
class QuerySession implements AsyncDisposable {
  readonly #subject: Subject;
  readonly #options: Options;
  readonly #tag = newTag();
  /** Empty for EXPLAIN and SHOW, which have no cursor, and few rows. */
  readonly #prefix: string;
  readonly #stopped = new AbortController();
  readonly #closed = new AbortController();
  #connection: Connection | undefined;

  constructor(subject: Subject, options: Options) {
    this.#subject = subject;
    this.#options = options;
    this.#prefix = ["explain", "show"].includes(firstWord(subject.query.text)) ? "" : cursor;
    const { signal } = this.#closed;
    options.signal?.addEventListener("abort", () => void this.#stop(), { once: true, signal });
  }

  async open(): Promise<QueryResult> {
    this.#options.signal?.throwIfAborted();
    const { text, values } = this.#subject.numbered;
    this.#connection = await this.#connect();
    await this.#connection.query(`begin read only; ${this.#settings()}`);
    const { rows, fields } = await this.#connection.queryRows(`${this.#prefix}${text}`, values);
    const dispose = { [Symbol.asyncDispose]: () => this[Symbol.asyncDispose]() };
    if (this.#prefix === "")
      return { columns: fields.map(columnOf), pages: onePage(rows), ...dispose };
    const described = await this.#connection.queryRows("fetch 0 from rivulet", []);
    return {
      columns: described.fields.map(columnOf),
      pages: this.#fetch(this.#connection),
      ...dispose,
    };
  }

  /** The error as a person should read it. */
  async translate(error: unknown): Promise<unknown> {
    const { address, query, numbered } = this.#subject;
    if (this.#options.signal?.aborted) return this.#options.signal.reason;
    if (isUnanswered(error)) return timeoutError(query.timeoutMs, error);
    if (!(error instanceof DatabaseError)) return translateError(address.label, error);
    const offset = Number(error.position ?? 0) - 1 - this.#prefix.length;
    const place = offset < 0 ? {} : { offset: numbered.originalOffset(offset) };
    const names = await existingNames(this.#connection, error, address.schema);
    return translateQueryError(error, { query, label: address.label, names, ...place });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort();
    await this.#connection?.[Symbol.asyncDispose]();
  }

  async #connect(): Promise<Connection> {
    const statementMs = this.#subject.query.timeoutMs + answerMs;
    return await connect(this.#subject.address, { statementMs, signal: this.#stopped.signal });
  }

  #settings(): string {
    const { address, query } = this.#subject;
    const { busyMs } = this.#options;
    const settings = { schema: address.schema, tag: this.#tag, busyMs, leaseMs: idleMs };
    // The planner takes it that a cursor is not read to its end.
    return `${transactionSettings(settings)}; set local cursor_tuple_fraction to 1;
      set local statement_timeout to ${query.timeoutMs}`;
  }

  /** Fetches as many rows at a time as make about a megabyte, judged by the last ones. */
  async *#fetch(connection: Connection): AsyncIterable<QueryPage> {
    for (let count = firstRows; ;) {
      const rows = await this.#fetchRows(connection, count);
      if (rows.length > 0) yield rows;
      if (rows.length < count) return;
      const length = rows.reduce((sum, row) => sum + lengthOf(row), 1);
      count = Math.max(1, Math.min(maxRows, Math.floor((pageLength * count) / length)));
    }
  }

  async #fetchRows(connection: Connection, count: number): Promise<QueryPage> {
    try {
      this.#options.signal?.throwIfAborted();
      return (await connection.queryRows(`fetch ${count} from rivulet`, [])).rows;
    } catch (error) {
      throw await this.translate(error);
    }
  }

  /** Ends the query at the server, which would otherwise work on, and then all waiting for it. */
  async #stop(): Promise<void> {
    const timer = setTimeout(() => {
      this.#stopped.abort(this.#options.signal?.reason);
    }, stopMs);
    this.#closed.signal.addEventListener("abort", () => {
      clearTimeout(timer);
    });
    try {
      await using connection = await this.#connect();
      await endTransactions(connection, this.#tag, { onlyWaiting: false });
    } catch {
      // The timer ends the waiting.
    }
  }
}

async function* onePage(rows: QueryPage): AsyncIterable<QueryPage> {
  yield await Promise.resolve(rows);
}
