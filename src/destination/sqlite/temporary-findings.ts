import Database, { type Statement } from "better-sqlite3";
import type { Finding, Findings } from "../sql/findings.ts";
import { translateError } from "./errors.ts";

/**
 * Findings in a temporary file of SQLite's, because a table may have more keys than fit in memory.
 * The file has no name; it is gone when it is closed, or when the process dies.
 */
export class TemporaryFindings implements Findings {
  readonly #db: Database.Database;
  readonly #set: Statement<[key: string, kind: string, finding: string]>;
  readonly #delete: Statement<[key: string]>;
  readonly #has: Statement<[key: string]>;

  constructor() {
    this.#db = new Database("");
    this.#db.pragma("journal_mode = off");
    this.#db.pragma("synchronous = off");
    this.#db.pragma("cache_size = -16384");
    this.#db.exec(
      "create table finding (key text primary key, kind text, finding text) without rowid",
    );
    // Never committed: with a commit per row, SQLite writes its cache out again and again.
    this.#db.exec("begin");
    this.#set = this.#db.prepare("insert or replace into finding values (?, ?, ?)");
    this.#delete = this.#db.prepare("delete from finding where key = ?");
    this.#has = this.#db.prepare("select 1 from finding where key = ?");
  }

  set(key: string, finding: Finding): void {
    run(() => this.#set.run(key, finding.kind, JSON.stringify(finding)));
  }

  delete(key: string): void {
    run(() => this.#delete.run(key));
  }

  has(key: string): boolean {
    return run(() => this.#has.get(key)) !== undefined;
  }

  count(kind?: Finding["kind"]): number {
    const query = this.#db.prepare<[unknown, unknown], { n: number }>(
      "select count(*) as n from finding where ? is null or kind = ?",
    );
    return run(() => query.get(kind ?? null, kind ?? null))?.n ?? 0;
  }

  first<K extends Finding["kind"]>(
    kind: K,
    limit: number,
  ): (readonly [key: string, finding: Extract<Finding, { kind: K }>])[] {
    const query = this.#db.prepare<[string, number], { key: string; finding: string }>(
      "select key, finding from finding where kind = ? limit ?",
    );
    return run(() => query.all(kind, limit)).map(({ key, finding }) => [
      key,
      JSON.parse(finding) as Extract<Finding, { kind: K }>,
    ]);
  }

  close(): void {
    this.#db.close();
  }
}

function run<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw translateError("the temporary file of the comparison", error);
  }
}
