import { existsSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { ConfigError } from "../../core/errors.ts";
import { errorCode } from "./errors.ts";

/** The file that a `sqlite:` URL names: what follows the scheme, and `//` where it is there. */
export function parsePath(url: string): string {
  const path = url.slice(url.indexOf(":") + 1).replace(/^\/\/(?=.)/, "");
  if (path === "") throw new ConfigError(`destination: expected sqlite:./file.db, got "${url}"`);
  return path;
}

export const inMemory = ":memory:";

/** A statement never waits for another program, as nothing else could be done meanwhile: the dialect does. */
const timeout = 0;

/** Throws a ConfigError where the file cannot be made because its directory is missing. */
export function checkDirectory(path: string): void {
  const directory = dirname(path);
  if (path === inMemory || existsSync(directory)) return;
  throw new ConfigError(`sqlite:${path}: there is no directory "${directory}"; make it first`);
}

/** Opens the file, or makes it, and leaves its settings as they are. Throws the driver's errors. */
export function connect(path: string): Database.Database {
  return new Database(path, { timeout });
}

/** Opens the file, or makes it, to be written to. Throws the driver's errors. */
export function connectForWriting(path: string): Database.Database {
  return configure(connect(path), (db) => {
    // For a new file only. Larger pages than the 4 KiB of old make loads faster.
    db.pragma("page_size = 8192");
    db.pragma("journal_mode = wal");
    db.pragma("synchronous = normal");
    db.pragma("cache_size = -16384");
    // Pages are copied from the log to the file every 64 MiB; more often costs a third of the speed of a load.
    db.pragma("wal_autocheckpoint = 8192");
    // Tables are rebuilt, which must not cascade to those that a person has added.
    db.pragma("foreign_keys = off");
    // The log of a new file is made by its first use, which is to be no later than this: `OpenedFile` remembers which log it is.
    openLog(db);
  });
}

/** Opens a file that is there, and changes nothing of it. Throws the driver's errors. */
export function connectForReading(path: string): Database.Database {
  // Where there is no log beside the file, reading makes an empty one, which only a connection that might write removes when it is closed.
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

/** For a directory in which no log can be made; undefined where the file cannot be read either. The two bytes say that it has a log. */
function readIntoMemory(path: string): Database.Database | undefined {
  try {
    return new Database(readFileSync(path).fill(1, 18, 20), { readonly: true });
  } catch {
    return undefined;
  }
}

/** Opens what SQLite opens only when it is needed. */
function openLog(db: Database.Database): void {
  db.prepare("select 1 from sqlite_schema limit 1").get();
}

function configure(
  db: Database.Database,
  configure: (db: Database.Database) => void,
): Database.Database {
  try {
    configure(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
