import { existsSync, readFileSync } from "node:fs";
import Database from "better-sqlite3";

/** How much a sync wrote. */
export interface WriteCounts {
  /** To a table and its indexes. */
  readonly ofTable: number;
  readonly inAll: number;
}

/** What a SQLite file's write-ahead log holds, while a connection keeps it. */
export class WalWatch implements Disposable {
  readonly #path: string;
  readonly #db: Database.Database;

  /** Empties the log, and keeps it from being removed when other connections close. */
  constructor(path: string) {
    this.#path = path;
    this.#db = new Database(path);
    this.#db.pragma("wal_checkpoint(truncate)");
  }

  /** The pages that were written since. */
  pagesWritten(table: string): WriteCounts {
    const pages = pagesInLog(`${this.#path}-wal`);
    const own = this.#db
      .prepare<[string, string], { page: number }>(
        `select pageno as page from dbstat where name = ?
         or name in (select name from sqlite_schema where type = 'index' and tbl_name = ?)`,
      )
      .all(table, table);
    return { ofTable: own.filter(({ page }) => pages.has(page)).length, inAll: pages.size };
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }
}

const headerBytes = 32;
const frameHeaderBytes = 24;

/**
 * The numbers of the pages in a log.
 *
 * @see https://www.sqlite.org/fileformat2.html#the_write_ahead_log
 */
function pagesInLog(path: string): ReadonlySet<number> {
  if (!existsSync(path)) return new Set();
  const log = readFileSync(path);
  if (log.length < headerBytes) return new Set();
  const pageBytes = log.readUInt32BE(8);
  const salt = log.subarray(16, 24);
  const pages = new Set<number>();
  for (let at = headerBytes; at < log.length; at += frameHeaderBytes + pageBytes) {
    if (log.subarray(at + 8, at + 16).equals(salt)) pages.add(log.readUInt32BE(at));
  }
  return pages;
}
