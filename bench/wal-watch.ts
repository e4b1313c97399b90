import { existsSync, readFileSync } from "node:fs";
import Database from "better-sqlite3";

/** How many pages or rows a sync wrote. */
export interface WriteCounts {
  /** To one table and its indexes. */
  readonly inTable: number;
  readonly total: number;
}

/** Watches a SQLite file's write-ahead log, which it keeps alive with an open connection. */
export class WalWatch implements Disposable {
  readonly #path: string;
  readonly #db: Database.Database;

  /** Empties the log. It then survives the closing of other connections. */
  constructor(path: string) {
    this.#path = path;
    this.#db = new Database(path);
    this.#db.pragma("wal_checkpoint(truncate)");
  }

  /** The number of distinct pages written since then. */
  pagesWritten(table: string): WriteCounts {
    const pages = pagesInLog(`${this.#path}-wal`);
    const own = this.#db
      .prepare<[string, string], { page: number }>(
        `select pageno as page from dbstat where name = ?
         or name in (select name from sqlite_schema where type = 'index' and tbl_name = ?)`,
      )
      .all(table, table);
    return { inTable: own.filter(({ page }) => pages.has(page)).length, total: pages.size };
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }
}

const headerBytes = 32;
const frameHeaderBytes = 24;

/**
 * The page numbers in a log.
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
  for (let offset = headerBytes; offset < log.length; offset += frameHeaderBytes + pageBytes) {
    if (log.subarray(offset + 8, offset + 16).equals(salt)) pages.add(log.readUInt32BE(offset));
  }
  return pages;
}
