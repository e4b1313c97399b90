import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { ConfigError } from "../../core/errors.ts";
import { errorCode } from "./errors.ts";

/** The path of a `sqlite:` URL: what follows the scheme and an optional `//`. */
export function parsePath(url: string): string {
  const path = url.slice(url.indexOf(":") + 1).replace(/^\/\/(?=.)/, "");
  if (path === "") throw new ConfigError(`destination: expected sqlite:./file.db, got "${url}"`);
  return path.replace(/^~(?=\/)/, homedir());
}

/** The path of a database in memory. */
export const inMemory = ":memory:";

/** Statements do not wait for other programs, because that blocks the thread. The dialect waits. */
const timeout = 0;

/** Throws a ConfigError if the file's directory does not exist. */
export function checkDirectory(path: string): void {
  const directory = dirname(path);
  if (path === inMemory || existsSync(directory)) return;
  throw new ConfigError(`sqlite:${path}: there is no directory "${directory}"; create it first`);
}

/** Opens or creates the file without changing its settings. Throws the driver's errors. */
export function connect(path: string): Database.Database {
  if (path !== inMemory) createPrivately(path);
  return new Database(path, { timeout });
}

/**
 * Creates the file, if it is missing, for its owner alone. SQLite gives its log the same mode.
 */
function createPrivately(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch {
    // It exists, or SQLite reports why it cannot be created.
  }
}

/** Opens or creates the file for writing. Throws the driver's errors. */
export function connectForWriting(path: string): Database.Database {
  return configure(connect(path), (db) => {
    // Only affects new files. Larger pages than the default of 4 KiB make loads faster.
    db.pragma("page_size = 8192");
    db.pragma("journal_mode = wal");
    db.pragma("synchronous = normal");
    db.pragma("cache_size = -16384");
    // Checkpoint the log every 64 MiB: more often slows loads by a third.
    db.pragma("wal_autocheckpoint = 8192");
    // Widening rebuilds tables, which must not cascade to tables that people have added.
    db.pragma("foreign_keys = off");
    // FileIdentity records the log's identity next.
    openLog(db);
  });
}

/** Opens an existing file and does not change it. Throws the driver's errors. */
export function connectForReading(path: string): Database.Database {
  // Without a log beside the file, reading creates an empty one, and only a writable connection
  // removes it when it closes.
  const readonly = existsSync(`${path}-wal`);
  try {
    return configure(new Database(path, { timeout, readonly, fileMustExist: true }), (db) => {
      db.pragma("query_only = on");
      openLog(db);
    });
  } catch (error) {
    const isUnwritable = /^SQLITE_(?:READONLY_DIRECTORY|CANTOPEN)/.test(errorCode(error) ?? "");
    const copy = isUnwritable && !readonly ? readIntoMemory(path) : undefined;
    if (copy) return copy;
    throw error;
  }
}

/**
 * A copy in memory, for a directory in which no log can be created; undefined if the file is not
 * readable either. Bytes 18 and 19 of 1 turn off the WAL mode, which needs a log.
 *
 * @see https://www.sqlite.org/fileformat.html
 */
function readIntoMemory(path: string): Database.Database | undefined {
  try {
    return new Database(readFileSync(path).fill(1, 18, 20), { readonly: true });
  } catch {
    return undefined;
  }
}

/** Makes SQLite open or create the log, which it otherwise does at the first query. */
function openLog(db: Database.Database): void {
  db.prepare("select 1 from sqlite_schema limit 1").get();
}

function configure(
  db: Database.Database,
  applySettings: (db: Database.Database) => void,
): Database.Database {
  try {
    applySettings(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
