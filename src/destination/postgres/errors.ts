import { ConfigError, isOperational, messageOf, TransientError } from "../../core/errors.ts";
import { DataError } from "../sql/dialect.ts";

interface ErrorMeaning {
  readonly Error: new (message: string, options: ErrorOptions) => Error;
  readonly text: string;
  /** The connection is of no use any more; another one may be. */
  readonly isDisconnected?: boolean;
}

const transient = (text: string): ErrorMeaning => ({ Error: TransientError, text });
const config = (text: string): ErrorMeaning => ({ Error: ConfigError, text });
const disconnected = (text: string): ErrorMeaning => ({
  Error: TransientError,
  text,
  isDisconnected: true,
});
const missingTable = transient(
  "a table or column is gone; run the sync again, which makes it anew",
);
const unreachable = disconnected(
  "cannot be reached; check that it runs, the host, the port, and the firewall",
);
const lost = disconnected(
  "the connection was lost; run the sync again, it resumes where it stopped",
);
const refused: ErrorMeaning = { Error: DataError, text: "the table refused the row" };

/** By code, of Postgres or of the network, or by the first two characters (the class) of a code of Postgres. */
const meaningsByCode: ReadonlyMap<string, ErrorMeaning> = new Map([
  ["ECONNREFUSED", unreachable],
  ["EHOSTUNREACH", unreachable],
  ["ENETUNREACH", unreachable],
  ["ETIMEDOUT", unreachable],
  ["EAI_AGAIN", transient("the host's name cannot be looked up now; check the network")],
  ["ENOTFOUND", config("there is no host of this name; check the destination's URL")],
  ["ENOENT", config("there is no such socket or file; check the destination's URL")],
  ["ECONNRESET", lost],
  ["ECONNABORTED", lost],
  ["EPIPE", lost],
  ["08", lost],
  ["57P01", disconnected("the server is shutting down; run the sync again when it is back")],
  ["57P02", disconnected("the server has crashed; run the sync again when it is back")],
  ["57P03", disconnected("the server is starting up or shutting down; try again when it is back")],
  ["57P05", lost],
  ["57", transient("an operator or a time limit has ended the query; run the sync again")],
  ["28", config("login failed; check user and password in the destination's URL")],
  ["3D000", config("there is no such database; make it, or check the destination's URL")],
  ["3F000", config("there is no such schema, and it cannot be made; check the destination's URL")],
  [
    "42501",
    config(
      "permission denied; grant this user CREATE and TEMPORARY on the database, or CREATE on the schema, and all of it on the tables",
    ),
  ],
  ["53300", transient("the server has too many connections; try again later")],
  ["53", transient("the server has run out of space or memory; free some")],
  ["55P03", transient("another program has locked a table for too long; try again later")],
  [
    "40",
    transient("another program's transactions were in the way again and again; try again later"),
  ],
  ["25P03", lost],
  ["25006", config("the server takes no writes (a standby, or read-only); use the primary server")],
  ["42P01", missingTable],
  ["42703", missingTable],
  ["0A000", config("the server cannot do what is needed; use Postgres 12 or newer")],
  ["21", refused],
  ["22", refused],
  ["23", refused],
  ["54", refused],
  ["P0001", refused],
]);

/** What pg says without a code. */
const meaningsByMessage: readonly (readonly [RegExp, ErrorMeaning])[] = [
  [/timeout expired|connection timeout|timeout exceeded/i, unreachable],
  [/connection terminated|not queryable|client was closed|connection ended/i, lost],
  [
    /SSL|certificate|self.signed/i,
    config("no secure connection; check sslmode in the destination's URL"),
  ],
  [
    /password must be a string|SASL|SCRAM/,
    config("login failed; check user and password in the destination's URL"),
  ],
];

/** What an error of the driver means for the person who runs the sync; any other is returned as it is. */
export function translateError(label: string, error: unknown): unknown {
  if (isOperational(error) || error instanceof DataError) return error;
  if (!(error instanceof Error)) return error;
  const meaning = meaningOf(error);
  if (!meaning) return error;
  const said =
    error instanceof AggregateError ? error.errors.map(messageOf).join("; ") : error.message;
  return new meaning.Error(`${label}: ${meaning.text} (${said})`, { cause: error });
}

/** Whether the transaction may succeed if it is run again: serialization failure, deadlock, a lost connection. */
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

/** Whether a key was there already. */
export function isDuplicateKey(error: unknown): boolean {
  return error instanceof Error && codeOf(error) === "23505";
}

/** Whether the connection is of no use any more. */
export function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return meaningOf(error)?.isDisconnected === true || isConnectionLost(error.cause);
}

/** Whether an error only says that another one came before it. */
export function isTransactionAborted(error: unknown): boolean {
  return error instanceof Error && codeOf(error) === "25P02";
}

function meaningOf(error: Error): ErrorMeaning | undefined {
  const code = codeOf(error);
  return (
    meaningsByCode.get(code) ??
    (/^[0-9A-Z]{5}$/.test(code) ? meaningsByCode.get(code.slice(0, 2)) : undefined) ??
    meaningsByMessage.find(([pattern]) => pattern.test(error.message))?.[1]
  );
}

function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : "";
}
