import { ConfigError } from "../../core/errors.ts";
import { closestHint } from "../../core/suggestion.ts";

/** What is wrong with a query, as the database says it. */
interface QueryProblem {
  readonly message: string;
  /** Where in the text, from 0. */
  readonly offset?: number | undefined;
  /** A name that does not exist, and those that do. */
  readonly unknown?: { readonly name: string; readonly names: readonly string[] } | undefined;
}

/** The error of a query that a person must change: one sentence, with the place if it is known. */
export function queryError(
  text: string,
  { message, offset, unknown }: QueryProblem,
  cause?: unknown,
): ConfigError {
  const place = offset === undefined ? "" : ` (${placeOf(text, offset)})`;
  const hint = unknown ? closestHint(unknown.name, unknown.names) : "";
  return new ConfigError(`query: ${message}${place}${hint}`, { cause });
}

function placeOf(text: string, offset: number): string {
  const lines = text.slice(0, offset).split("\n");
  return `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`;
}

/** The words that a query may begin with. */
const reading = ["select", "with", "values", "table", "explain", "show"];

const oneStatement = "runs one statement at a time; remove what follows the first";

/** The error for several statements. */
export function severalStatementsError(cause?: unknown): ConfigError {
  return new ConfigError(`query: ${oneStatement}`, { cause });
}

/** The error for a statement that does something else than read. */
export function notReadingError(text: string, cause?: unknown): ConfigError {
  const word = firstWord(text);
  const found = word === "" || reading.includes(word) ? "this statement" : word.toUpperCase();
  return new ConfigError(
    `query: ${found} is refused, since a query only reads; begin it with SELECT or WITH`,
    { cause },
  );
}

/** Throws a ConfigError unless the statement begins with a word that reads. */
export function checkReads(text: string): void {
  const word = firstWord(text);
  if (word === "" && isBlank(text)) throw new ConfigError("query: there is no SQL; give some");
  if (!reading.includes(word)) throw notReadingError(text);
}

/** The first word in lower case, behind comments and parentheses. */
export function firstWord(text: string): string {
  return /^[a-z]+/i.exec(withoutComments(text))?.[0].toLowerCase() ?? "";
}

function isBlank(text: string): boolean {
  return withoutComments(text) === "";
}

function withoutComments(text: string): string {
  return text.replace(/^(?:[\s(;]|--[^\n]*(?:\n|$)|\/\*[^]*?\*\/)+/, "");
}

/** The error for rows that were not there in time. */
export function timeoutError(timeoutMs: number, cause?: unknown): ConfigError {
  return new ConfigError(
    `query: took longer than ${timeoutMs / 1000} s; make it smaller, or give it longer with --timeout SECONDS`,
    { cause },
  );
}
