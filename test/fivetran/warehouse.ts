import Database from "better-sqlite3";
import type { WireRecord, WireTable, WireValue } from "./client.ts";

/** Fivetran's destination in SQLite, with its two system columns. */
export class Warehouse implements Disposable {
  readonly #db: Database.Database;
  readonly #tables = new Map<string, WireTable>();

  constructor(file: string) {
    this.#db = new Database(file);
    this.#db.defaultSafeIntegers();
  }

  create(tables: readonly WireTable[]): void {
    for (const table of tables) {
      this.#tables.set(table.name, table);
      const columns = table.columns.map(({ name, type }) => `${quoted(name)} ${affinity(type)}`);
      const key = keyOf(table).map(quoted).join(", ");
      this.#db.exec(`create table if not exists ${quoted(table.name)}
        (${[...columns, "_fivetran_synced integer", "_fivetran_deleted integer"].join(", ")}, primary key (${key}))`);
    }
  }

  begin(): void {
    this.#db.exec("begin");
  }

  commit(): void {
    this.#db.exec("commit");
  }

  apply(record: WireRecord): void {
    const table = this.#tables.get(record.table_name);
    if (!table) throw new Error(`a record of a table outside the schema: ${record.table_name}`);
    const names = Object.keys(record.data);
    const values = Object.values(record.data).map(sqlValue);
    const key = keyOf(table);
    const where = key.map((name) => `${quoted(name)} = ?`).join(" and ");
    const keyValues = key.map((name) => values[names.indexOf(name)]);
    if (record.type === "TRUNCATE") {
      this.#run(`update ${quoted(table.name)} set _fivetran_deleted = 1`, []);
    } else if (record.type === "DELETE") {
      this.#run(`update ${quoted(table.name)} set _fivetran_deleted = 1 where ${where}`, keyValues);
    } else if (record.type === "UPDATE") {
      const set = names.map((name) => `${quoted(name)} = ?`).join(", ");
      this.#run(`update ${quoted(table.name)} set ${set} where ${where}`, [
        ...values,
        ...keyValues,
      ]);
    } else {
      const all = [...names, "_fivetran_deleted"].map(quoted).join(", ");
      const placeholders = [...names, ""].map(() => "?").join(", ");
      this.#run(`insert or replace into ${quoted(table.name)} (${all}) values (${placeholders})`, [
        ...values,
        0n,
      ]);
    }
  }

  /**
   * All rows of a table, without Fivetran's columns; `_fivetran_deleted` is given as `_deleted`.
   */
  rows(table: string): readonly Readonly<Record<string, unknown>>[] {
    const rows = this.#db.prepare(`select * from ${quoted(table)}`).all() as Record<
      string,
      unknown
    >[];
    return rows.map((row) => {
      const cells = Object.entries(row).filter(([column]) => !column.startsWith("_fivetran"));
      return { ...Object.fromEntries(cells), _deleted: row["_fivetran_deleted"] };
    });
  }

  [Symbol.dispose](): void {
    if (this.#db.inTransaction) this.commit();
    this.#db.close();
  }

  #run(statement: string, values: readonly unknown[]): void {
    this.#db.prepare(statement).run(...values);
  }
}

function keyOf({ columns }: WireTable): string[] {
  return columns.filter(({ primary_key }) => primary_key).map(({ name }) => name);
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Without a declared type, SQLite would turn the text `1` into a number. */
function affinity(type: string): string {
  return { BOOLEAN: "integer", LONG: "integer", DOUBLE: "real", BINARY: "blob" }[type] ?? "text";
}

/** A value as rivulet stores it in SQLite. */
function sqlValue(value: WireValue): unknown {
  const kind = value.inner ?? "";
  const content = value[kind];
  switch (kind) {
    case "null":
      return null;
    case "bool":
      return content === true ? 1n : 0n;
    case "long":
      return BigInt(String(content));
    case "naive_date":
      return instant(content).slice(0, 10);
    case "utc_datetime":
      return instant(content);
    default:
      return content;
  }
}

function instant(content: unknown): string {
  const { seconds, nanos } = content as { readonly seconds: string; readonly nanos: number };
  const micros = String(Math.floor(nanos / 1000)).padStart(6, "0");
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}.${micros}Z`;
}
