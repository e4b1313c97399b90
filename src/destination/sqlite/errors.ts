import { MissingTableError } from "../../core/destination.ts";
import { ConfigError, messageOf, TransientError } from "../../core/errors.ts";
import { DataError } from "../sql/dialect.ts";

interface ErrorMeaning {
  readonly Error: new (message: string, options: ErrorOptions) => Error;
  readonly text: string;
}

/** By prefix of SQLite's result code; the first match counts. */
const meanings: readonly (readonly [string, ErrorMeaning])[] = [
  [
    "SQLITE_BUSY",
    {
      Error: TransientError,
      text: "another program has locked the file; try again when it is done",
    },
  ],
  [
    "SQLITE_LOCKED",
    {
      Error: TransientError,
      text: "another program has locked the file; try again when it is done",
    },
  ],
  ["SQLITE_FULL", { Error: TransientError, text: "the disk is full; free some space" }],
  ["SQLITE_NOTADB", { Error: ConfigError, text: "not a SQLite database; choose another file" }],
  [
    "SQLITE_CORRUPT",
    {
      Error: ConfigError,
      text: "the database is damaged; restore it from a backup, or choose another file",
    },
  ],
  [
    "SQLITE_READONLY",
    {
      Error: ConfigError,
      text: "cannot be written to; check the permissions of the file and its directory",
    },
  ],
  [
    "SQLITE_CANTOPEN",
    {
      Error: ConfigError,
      text: "cannot be opened; check the path, and the permissions of the file and its directory",
    },
  ],
  [
    "SQLITE_PERM",
    { Error: ConfigError, text: "permission denied; check the permissions of the file" },
  ],
  [
    "SQLITE_AUTH",
    { Error: ConfigError, text: "permission denied; check the permissions of the file" },
  ],
  [
    "SQLITE_IOERR",
    { Error: TransientError, text: "the disk reported an error; check the disk, and try again" },
  ],
  ["SQLITE_NOMEM", { Error: TransientError, text: "out of memory; try again with more memory" }],
  ["SQLITE_CONSTRAINT", { Error: DataError, text: "the table refused the row" }],
  ["SQLITE_TOOBIG", { Error: DataError, text: "the row is larger than SQLite allows" }],
  ["SQLITE_MISMATCH", { Error: DataError, text: "the table refused the type of a value" }],
];

/** SQLite has no result code for a missing table or column, only a message. */
const missingTablePattern = /^no such table/;
const missingColumnPattern = /^no such column|has no column named/;
const missingText = "a table or column is missing; run the sync again, which creates it";
const missingTable: ErrorMeaning = { Error: MissingTableError, text: missingText };
const missingColumn: ErrorMeaning = { Error: TransientError, text: missingText };

/**
 * What only the definitions of other people's tables, views and triggers can cause. SQLite
 * qualifies the names in them.
 */
const definitionPatterns = [
  /^no such table: main\./,
  /^no such column: (?:new|old)\./i,
  /^no such (?:function|module|collation sequence)/,
  /^error in (?:index|table|trigger|view) /,
  /^unsafe use of /,
];
const definition: ErrorMeaning = {
  Error: ConfigError,
  text: "SQLite refused a statement because of how a table, a view or a trigger is defined; change that",
};

/** Node's messages if the driver's native module is missing or was built for another version. */
const unbuiltPattern = /NODE_MODULE_VERSION|bindings file/;
const unbuiltDriver: ErrorMeaning = {
  Error: ConfigError,
  text: "the driver was not built for this Node; run npm rebuild better-sqlite3",
};

/** Whether another program has locked the file. */
export function isBusy(error: unknown): boolean {
  return errorCode(error)?.startsWith("SQLITE_BUSY") ?? false;
}

/** Translates an error of the driver into one with a remedy. Returns any other error unchanged. */
export function translateError(label: string, error: unknown): unknown {
  const code = errorCode(error);
  const meaning =
    meanings.find(([prefix]) => code?.startsWith(prefix))?.[1] ??
    (code === "SQLITE_ERROR" ? meaningOfMessage(messageOf(error)) : undefined) ??
    (unbuiltPattern.test(messageOf(error)) ? unbuiltDriver : undefined);
  if (!meaning) return error;
  const text = `${label}: ${meaning.text} (${messageOf(error).split("\n", 1).join("")})`;
  return new meaning.Error(text, { cause: error });
}

/** An error's code (SQLite's or Node's), if it has one. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

function meaningOfMessage(message: string): ErrorMeaning | undefined {
  if (definitionPatterns.some((pattern) => pattern.test(message))) return definition;
  if (missingTablePattern.test(message)) return missingTable;
  return missingColumnPattern.test(message) ? missingColumn : undefined;
}
