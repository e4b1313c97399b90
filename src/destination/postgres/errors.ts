import { MissingTableError } from "../../core/destination.ts";
import { ConfigError, isOperational, messageOf, TransientError } from "../../core/errors.ts";
import { BusyError, DataError } from "../sql/dialect.ts";
import { UnansweredError } from "./unanswered-error.ts";
import { UnsuitableServerError } from "./unsuitable-server-error.ts";

interface ErrorMeaning {
  readonly Error: new (message: string, options: ErrorOptions) => Error;
  readonly text: string;
  /** Whether the connection is unusable; a new one may work. */
  readonly isDisconnected?: boolean;
}

const transient = (text: string): ErrorMeaning => ({ Error: TransientError, text });
const config = (text: string): ErrorMeaning => ({ Error: ConfigError, text });
const disconnected = (text: string): ErrorMeaning => ({
  Error: TransientError,
  text,
  isDisconnected: true,
});
const missingText = "a table or column is missing; run the sync again, which creates it";
const definitionText =
  "the server refused a statement because of how a table, a trigger or a rule is defined; change that";
const unreachable = disconnected(
  "cannot be reached; check that the server runs, and host, port and firewall",
);
const lost = disconnected(
  "the connection was lost; run the sync again, it resumes where it stopped",
);
const unanswered = disconnected(
  "the server does not answer; run the sync again when it does, and if it only needs longer, raise statement_seconds",
);
const unsuitable = transient(
  "the server is not the primary one, as target_session_attrs wants; check the hosts in the destination's URL, or run the sync again after the failover",
);
const statementPooling = config(
  "the pooler runs each statement on its own; set its pool_mode to transaction or session, or connect to the server itself",
);
const refused: ErrorMeaning = { Error: DataError, text: "the table refused the row" };

/**
 * By error code of Postgres or the network, or by the first two characters (the class) of a
 * Postgres code.
 *
 * @see https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const meaningsByCode: ReadonlyMap<string, ErrorMeaning> = new Map([
  ["ECONNREFUSED", unreachable],
  ["EHOSTUNREACH", unreachable],
  ["ENETUNREACH", unreachable],
  ["ETIMEDOUT", unreachable],
  ["EAI_AGAIN", transient("the host name cannot be resolved right now; check the network")],
  ["ENOTFOUND", config("there is no host with this name; check the destination's URL")],
  ["ENOENT", config("there is no such socket or file; check the destination's URL")],
  ["ECONNRESET", lost],
  ["ECONNABORTED", lost],
  ["EPIPE", lost],
  ["08", lost],
  ["57P01", disconnected("the server is shutting down; run the sync again when it is back")],
  ["57P02", disconnected("the server has crashed; run the sync again when it is back")],
  ["57P03", disconnected("the server is starting up or shutting down; try again when it is back")],
  ["57P05", lost],
  ["57", transient("an operator or a time limit cancelled the query; run the sync again")],
  ["28", config("login failed; check user and password in the destination's URL")],
  ["3D000", config("there is no such database; create it, or check the destination's URL")],
  [
    "3F000",
    config("there is no such schema, and it cannot be created; check the destination's URL"),
  ],
  [
    "42501",
    config(
      "permission denied; grant this user CREATE on the database or the schema, and all privileges on the tables, or let it own them",
    ),
  ],
  ["53300", transient("the server has too many connections; try again later")],
  ["53", transient("the server is out of disk space or memory; free some")],
  [
    "55P03",
    {
      Error: BusyError,
      text: "another program has locked a table for too long; try again later",
    },
  ],
  [
    "40",
    transient("transactions of other programs conflicted with every attempt; try again later"),
  ],
  ["25P03", lost],
  ["25P04", lost],
  [
    "25006",
    config(
      "the server takes no writes (a standby, or read-only); use the primary server, or add target_session_attrs=read-write to the URL of several hosts",
    ),
  ],
  ["42", config(definitionText)],
  ["42P01", { Error: MissingTableError, text: missingText }],
  ["42703", transient(missingText)],
  ["0A", config(definitionText)],
  ["55", config(definitionText)],
  ["21", refused],
  ["22", refused],
  ["22P05", { Error: DataError, text: "the database's encoding lacks a character" }],
  ["23", refused],
  ["2F", refused],
  ["38", refused],
  ["39", refused],
  ["44", refused],
  ["54", refused],
  ["54011", config("the table has too many columns, dropped ones included; create it anew")],
  ["P0", refused],
  ["XX", config("the server found its own data damaged, or a bug in itself; see its log")],
]);

/** There is no connection, so it does not matter how it would be encrypted. */
const unreachableCodes = new Set(["EAI_AGAIN", "ENOTFOUND", "ENOENT"]);

/** Errors of pg that have no code. */
const meaningsByMessage: readonly (readonly [RegExp, ErrorMeaning])[] = [
  [/timeout expired|connection timeout|timeout exceeded/i, unreachable],
  [/connection terminated|not queryable|client was closed|connection ended/i, lost],
  [
    /SSL|certificate|self.signed/i,
    config("no TLS connection; check sslmode in the destination's URL"),
  ],
  [
    /password must be a string|a password is needed|SASL|SCRAM/,
    config("login failed; check user and password in the destination's URL"),
  ],
];

/** Translates an error of the driver into one with a remedy. Returns any other error unchanged. */
export function translateError(label: string, error: unknown): unknown {
  if (isOperational(error) || error instanceof DataError) return error;
  if (!(error instanceof Error)) return error;
  const meaning = meaningOf(error);
  if (!meaning) return error;
  const message =
    error instanceof AggregateError
      ? [...new Set(error.errors.map(messageOf))].join("; ")
      : error.message;
  return new meaning.Error(`${label}: ${meaning.text} (${message})`, { cause: error });
}

/** True for a serialization failure, a deadlock or a lost connection: run the transaction again. */
export function isRetryable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    ["40001", "40P01"].includes(codeOf(error)) ||
    isConnectionLost(error) ||
    isRetryable(error.cause)
  );
}

/** Whether a statement was cancelled. */
export function isStatementCancelled(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return codeOf(error) === "57014" || isStatementCancelled(error.cause);
}

/** Whether a row with the same key exists. */
export function isDuplicateKey(error: unknown): boolean {
  return error instanceof Error && codeOf(error) === "23505";
}

/** Whether the connection is unusable. */
export function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return meaningOf(error)?.isDisconnected === true || isConnectionLost(error.cause);
}

/** Whether the server has not answered in time. */
export function isUnanswered(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error instanceof UnansweredError || isUnanswered(error.cause);
}

/** Whether there was no server to talk to. */
export function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return unreachableCodes.has(codeOf(error)) || meaningOf(error) === unreachable;
}

/** Whether the error only says that an earlier statement of the transaction failed. */
export function isTransactionAborted(error: unknown): boolean {
  return error instanceof Error && codeOf(error) === "25P02";
}

function meaningOf(error: Error): ErrorMeaning | undefined {
  if (error instanceof UnansweredError) return unanswered;
  if (error instanceof UnsuitableServerError) return unsuitable;
  if (/statement pooling/.test(error.message)) return statementPooling;
  const code = codeOf(error);
  return (
    meaningsByCode.get(code) ??
    (/^[0-9A-Z]{5}$/.test(code) ? meaningsByCode.get(code.slice(0, 2)) : undefined) ??
    meaningsByMessage.find(([pattern]) => pattern.test(error.message))?.[1] ??
    (error instanceof AggregateError ? meaningOfAll(error.errors) : undefined)
  );
}

/** Of several attempts to connect: if time helps one of them, it helps. */
function meaningOfAll(errors: readonly unknown[]): ErrorMeaning | undefined {
  const meanings = errors.flatMap((error) =>
    error instanceof Error ? [meaningOf(error)].filter((meaning) => meaning !== undefined) : [],
  );
  return meanings.find((meaning) => meaning.Error === TransientError) ?? meanings[0];
}

function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : "";
}
