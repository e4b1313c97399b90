import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { ConfigError } from "../../core/errors.ts";
import type { Query, QueryPage, QueryResult } from "../../core/query.ts";
import { numberParameters } from "../sql/named-parameters.ts";
import {
  checkReads,
  notReadingError,
  queryError,
  severalStatementsError,
  timeoutError,
} from "../sql/query-errors.ts";
import type { SqlValue } from "../sql/sql-value.ts";
import { parsePath } from "./connection.ts";
import { translateError } from "./errors.ts";

/** What the process is asked: to open a query, or for its next rows. */
export type QueryCall =
  | "next"
  | {
      readonly path: string;
      readonly text: string;
      readonly values: Readonly<Record<string, SqlValue>>;
      readonly busyMs: number;
    };

/** What the process answers. */
export type QueryReply =
  | { readonly columns: readonly string[] }
  | { readonly isRefused: true }
  | { readonly page: QueryPage; readonly isLast: boolean }
  | { readonly error: QueryFailure };

interface QueryFailure {
  readonly message: string;
  readonly code?: string;
  readonly unknown?: { readonly name: string; readonly names: readonly string[] };
}

interface Options {
  /** How long to wait while another program has locked the file. */
  readonly busyMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs a query on a SQLite file. In a process of its own: SQLite can't be interrupted from outside
 * in any other way, and a thread in which it runs keeps the whole process from ending.
 */
export async function querySqlite(
  url: string,
  query: Query,
  options: Options,
): Promise<QueryResult> {
  const path = parsePath(url);
  const label = `sqlite:${path}`;
  if (!existsSync(path))
    throw new ConfigError(
      `${label}: there is no such database yet; sync into it first, as with ${query.syncCommand}`,
    );
  checkReads(query.text);
  const { text, values } = nameParameters(query);
  const process = new QueryProcess(label, query, options.signal);
  try {
    const call = { path, text, values, busyMs: options.busyMs };
    const reply = await process.ask(call);
    if (!("columns" in reply)) throw notReadingError(query.text);
    return {
      columns: reply.columns.map((name) => ({ name })),
      pages: pagesOf(process),
      [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
    };
  } catch (error) {
    await process[Symbol.asyncDispose]();
    throw error;
  }
}

async function* pagesOf(process: QueryProcess): AsyncIterable<QueryPage> {
  for (;;) {
    const reply = await process.ask("next");
    if (!("page" in reply)) return;
    yield reply.page;
    if (reply.isLast) return;
  }
}

/** The driver takes parameters by their names, so the text stays as it is. */
function nameParameters({ text, parameters }: Query) {
  const named = numberParameters(text, parameters, (_number, name) => `:${name}`);
  const values = [...parameters].map(([name, value]) => [name, toParameter(value)] as const);
  return { text: named.text, values: Object.fromEntries(values) };
}

/** A number that SQLite writes as it was written here becomes one, so that `> :n` compares it. */
function toParameter(text: string): string | number | bigint {
  if (/^-?(?:0|[1-9]\d{0,17})$/.test(text) && text !== "-0") return BigInt(text);
  const isDecimal = /^-?(?:0|[1-9]\d*)\.(?:0|\d*[1-9])$/.test(text);
  return isDecimal && text.replace(/\D/g, "").length <= 15 ? Number(text) : text;
}

/** How long a process may take to close the file. */
const closeMs = 1000;

/** The process in which a query runs. It answers one call at a time. */
class QueryProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #label: string;
  readonly #query: Query;
  readonly #signal: AbortSignal | undefined;
  readonly #ended = new AbortController();

  constructor(label: string, query: Query, signal: AbortSignal | undefined) {
    this.#label = label;
    this.#query = query;
    this.#signal = signal;
    // The compiled `query-process-main.ts`, because Node 20 does not run TypeScript.
    const main = createRequire(import.meta.url).resolve("#sqlite-query");
    this.#child = fork(main, { serialization: "advanced", execArgv: [] });
    const end = (): void => {
      this.#ended.abort();
    };
    this.#child.on("exit", end).on("error", end);
  }

  /** Sends a call. Throws a ConfigError if the query is wrong, or takes too long. */
  async ask(call: QueryCall): Promise<QueryReply> {
    this.#signal?.throwIfAborted();
    const late = AbortSignal.timeout(this.#query.timeoutMs);
    const signal = AbortSignal.any([late, ...(this.#signal ? [this.#signal] : [])]);
    const until = { signal: AbortSignal.any([signal, this.#ended.signal]) };
    try {
      const replied = once(this.#child, "message", until);
      this.#child.send(call);
      const [reply] = (await replied) as [QueryReply];
      if ("error" in reply) throw this.#translate(reply.error);
      return reply;
    } catch (error) {
      if (!until.signal.aborted) throw error;
      this.#child.kill("SIGKILL");
      this.#signal?.throwIfAborted();
      if (late.aborted) throw timeoutError(this.#query.timeoutMs);
      throw new Error("the process of the query has ended", { cause: error });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return;
    const exited = once(this.#child, "exit");
    if (this.#child.connected) this.#child.disconnect();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), closeMs);
    await exited;
    clearTimeout(timer);
  }

  #translate({ message, code, unknown }: QueryFailure): unknown {
    const { text } = this.#query;
    const cause = Object.assign(new Error(message), { code });
    if (/more than one statement/.test(message)) return severalStatementsError(cause);
    const near = /^near "(.+)": syntax error$/s.exec(message)?.[1];
    const offset = near === undefined ? undefined : onlyOffset(text, near);
    if (code === undefined || code === "SQLITE_ERROR" || code === "SQLITE_MISMATCH")
      return queryError(text, { message, offset, unknown }, cause);
    return translateError(this.#label, cause);
  }
}

/** Where a word is in a text, if it is there once. */
function onlyOffset(text: string, word: string): number | undefined {
  const first = text.indexOf(word);
  return first >= 0 && first === text.lastIndexOf(word) ? first : undefined;
}
