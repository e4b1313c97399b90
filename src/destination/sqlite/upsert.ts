import type { Database, Statement } from "better-sqlite3";
import { deletedColumn, syncedAtColumn } from "../columns.ts";
import type { EncodedRows, PreparedTable, Written } from "../dialect.ts";
import { keyNames } from "../prepare.ts";

/** Rows in one statement: more do not make it faster. */
const rowsAtOnce = 50;
const maxParameters = 32_766;

/** Upserts by prepared statements of many rows. */
export class Upserts {
  readonly #db: Database;
  readonly #statements = new WeakMap<PreparedTable, Map<number, Statement>>();
  #updated = 0;

  constructor(db: Database) {
    this.#db = db;
    db.function("rivulet_updated", { directOnly: true }, () => {
      this.#updated += 1;
      return 0;
    });
  }

  run(table: PreparedTable, { values, count }: EncodedRows, syncedAt: string): Written {
    const width = table.columns.length;
    const most = Math.max(1, Math.min(rowsAtOnce, Math.floor(maxParameters / (width + 1))));
    let changes = 0;
    this.#updated = 0;
    for (let done = 0; done < count;) {
      const rows = count - done >= most ? most : 1;
      const some = values.slice(done * width, (done + rows) * width);
      changes += this.#statement(table, rows).run(some, { syncedAt }).changes;
      done += rows;
    }
    return { inserted: changes - this.#updated, updated: this.#updated };
  }

  #statement(table: PreparedTable, rows: number): Statement {
    const byRows = this.#statements.get(table) ?? new Map<number, Statement>();
    this.#statements.set(table, byRows);
    const statement = byRows.get(rows) ?? this.#db.prepare(upsertSql(table, rows));
    byRows.set(rows, statement);
    return statement;
  }
}

/**
 * `rivulet_updated()` counts the rows that are updated, as SQLite says only how many were written; it is 0, or false. The distinction is
 * one comparison of row values, because a chain of a thousand `or` is more than SQLite parses.
 */
function upsertSql(table: PreparedTable, rows: number): string {
  const names = table.columns.map(({ name }) => quote(name));
  const [syncedAt, deleted] = [quote(syncedAtColumn), quote(deletedColumn)];
  const own = quote(table.name);
  const others = names.filter((_, index) => !table.key.includes(index));
  const row = `(${names.map(() => "?").join(",")},@syncedAt)`;
  const set = others.map((name) => `${name}=excluded.${name}`);
  const stored = [...others.map((name) => `${own}.${name}`), `${own}.${deleted}`];
  const sent = [...others.map((name) => `excluded.${name}`), "0"];
  return `insert into ${own} (${[...names, syncedAt].join(",")}) values ${Array<string>(rows).fill(row).join(",")}
    on conflict (${keyNames(table).map(quote).join(",")})
    do update set ${[...set, `${syncedAt}=excluded.${syncedAt}`, `${deleted}=rivulet_updated()`].join(",")}
    where (${stored.join(",")}) is not (${sent.join(",")})`;
}

/** A name as SQL takes it, whatever is in it. */
export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
