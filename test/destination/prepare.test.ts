import { describe, expect, test } from "vitest";
import { ConfigError } from "../../src/core/errors.ts";
import type { Columns, Table } from "../../src/core/schema.ts";
import { databases } from "../support/databases.ts";
import { runs, useDatabase } from "./fixture.ts";

function tableOf(columns: Columns, primaryKey: readonly string[] = ["id"]): Table {
  return { name: "runs", columns: { id: "string", ...columns }, primaryKey };
}

describe.each(databases)("preparing a table in %s", (dialect, create) => {
  const fixture = useDatabase(create);
  const isSqlite = dialect === "sqlite";

  async function columns(table = "runs"): Promise<string[]> {
    if (isSqlite) {
      return await fixture.texts(
        `select name || ' ' || lower(type) from pragma_table_info('${table.replaceAll("'", "''")}')`,
      );
    }
    return await fixture.texts(
      `select attname || ' ' || format_type(atttypid, atttypmod) from pg_attribute
       where attrelid = '"${table.replaceAll('"', '""').replaceAll("'", "''")}"'::regclass and attnum > 0 order by attnum`,
    );
  }

  test("creates a column of each type in declared order, followed by the system columns", async () => {
    await fixture.session([
      tableOf({
        a: "boolean",
        b: "integer",
        c: "double",
        d: "decimal",
        e: "date",
        f: "timestamp",
        g: "string",
        h: "binary",
        i: "json",
      }),
    ]);
    expect(await columns()).toEqual(
      isSqlite
        ? ["id text", "a integer", "b integer", "c real", "d text", "e text", "f text"].concat(
            ...["g text", "h blob", "i text", "_synced_at text", "_deleted integer"],
          )
        : ["id text", "a boolean", "b bigint", "c double precision", "d numeric", "e date"].concat(
            ...["f timestamp with time zone", "g text", "h bytea", "i jsonb"],
            ...["_synced_at timestamp with time zone", "_deleted boolean"],
          ),
    );
  });

  test("adds columns that appear later, and leaves those that are no longer declared", async () => {
    const first = await fixture.session([tableOf({ old: "string" })]);
    await first.write([{ stream: "runs", rows: [{ id: "a", old: "kept" }] }]);
    await first.prepare([tableOf({ young: "integer" })]);
    await first.write([{ stream: "runs", rows: [{ id: "a", young: 7 }] }]);
    expect(await fixture.texts("select old || young from runs")).toEqual(["kept7"]);
  });

  test("changes nothing the second time", async () => {
    const table = tableOf({ a: "integer", _deleted: "string" });
    const session = await fixture.session([table]);
    const before = await columns();
    await session.prepare([table]);
    expect(await columns()).toEqual(before);
  });

  test("widens an integer column that is declared double, and keeps rows, indexes, triggers and views", async () => {
    const session = await fixture.session([tableOf({ n: "integer", m: "integer" })]);
    await session.write([{ stream: "runs", rows: [{ id: "a", n: 5, m: 2 ** 53 - 1 }] }]);
    await fixture.database.query("create index by_n on runs (n)");
    await fixture.database.query("create table log (id text)");
    if (isSqlite) {
      await fixture.database.query("create view seen as select id, n from runs");
      await fixture.database.query(
        "create trigger t after insert on runs begin insert into log values (new.id); end",
      );
    }
    await session.prepare([tableOf({ n: "double", m: "double" })]);
    await session.write([{ stream: "runs", rows: [{ id: "b", n: 0.5 }] }]);
    expect(await fixture.texts("select n from runs order by id")).toEqual(["5", "0.5"]);
    expect(await fixture.texts("select id from runs where m = 9007199254740991")).toEqual(["a"]);
    if (!isSqlite) return;
    expect(await fixture.texts("select name from sqlite_schema where name = 'by_n'")).toHaveLength(
      1,
    );
    expect(await fixture.texts("select id from seen order by id")).toEqual(["a", "b"]);
    expect(await fixture.texts("select id from log")).toEqual(["b"]);
  });

  test("refuses to widen a column whose integers a double cannot hold", async () => {
    const session = await fixture.session([tableOf({ n: "integer" })]);
    await session.write([{ stream: "runs", rows: [{ id: "a", n: 2n ** 53n + 1n }] }]);
    await expect(session.prepare([tableOf({ n: "double" })])).rejects.toThrow(
      /table "runs": column "n": expected .*, found .*, which cannot be changed: it holds integers/,
    );
    expect(await fixture.texts("select n from runs where n = 9007199254740993")).toHaveLength(1);
  });

  test("keeps a double column that is declared as integer", async () => {
    const session = await fixture.session([tableOf({ n: "double" })]);
    await session.prepare([tableOf({ n: "integer" })]);
    await session.write([{ stream: "runs", rows: [{ id: "a", n: 0.25 }] }]);
    expect(await fixture.texts("select n from runs")).toEqual(["0.25"]);
  });

  test.each([
    [
      "create table runs (id text primary key, steps text)",
      /column "steps": expected .*, found text/,
    ],
    [
      "create table runs (id text, project text primary key)",
      /expected the primary key \(id\), found \(project\)/,
    ],
    ["create table runs (id text)", /expected the primary key \(id\), found \(\)/],
    ["create view runs as select 1 as id", /table "runs": expected a table, found a view/],
  ])("refuses a table created by `%s`", async (sql, message) => {
    const session = await fixture.session([]);
    await fixture.database.query(sql);
    const refusal = session.prepare([runs]);
    await expect(refusal).rejects.toThrow(message);
    await expect(refusal).rejects.toBeInstanceOf(ConfigError);
  });

  test("refuses names of system tables", async () => {
    const session = await fixture.session([]);
    await expect(session.prepare([{ ...runs, name: "_rivulet_state" }])).rejects.toThrow(
      ConfigError,
    );
  });

  test("prepares all tables or none", async () => {
    const session = await fixture.session([]);
    await fixture.database.query("create view runs as select 1 as id");
    await expect(session.prepare([{ ...runs, name: "fine" }, runs])).rejects.toThrow(ConfigError);
    await expect(fixture.database.query("select * from fine")).rejects.toThrow(/fine/);
  });

  test("accepts names with quotes, dots, spaces, emoji, U+0000 and lone surrogates", async () => {
    const names = [
      'a"b',
      "a.b",
      "a b",
      "é😀",
      "nul\0",
      "lone\ud800",
      "%s",
      "'",
      "",
      ";--",
      "select",
    ];
    const table: Table = {
      name: 'ta"b.le\0',
      columns: Object.fromEntries(["id.", ...names].map((name) => [name, "string" as const])),
      primaryKey: ["id."],
    };
    const session = await fixture.session([table]);
    const row = Object.fromEntries(
      ["id.", ...names].map((name) => [name, `value of ${name.length}`]),
    );
    const write = () => session.write([{ stream: table.name, rows: [row] }]);
    expect((await write()).get(table.name)).toMatchObject({ inserted: 1 });
    await session.prepare([table]);
    expect((await write()).get(table.name)).toMatchObject({ unchanged: 1 });
  });

  test("keeps the values of columns named like system columns or members of Object.prototype", async () => {
    const names = [
      "_deleted",
      "__deleted",
      "_synced_at",
      "constructor",
      "__proto__",
      "toString",
      "xmin",
      "rowid",
    ];
    const table = tableOf(Object.fromEntries(names.map((name) => [name, "string" as const])), [
      "id",
      "constructor",
    ]);
    const session = await fixture.session([table]);
    const full = Object.fromEntries([
      ["id", "a"],
      ...names.map((name) => [name, `my ${name}`]),
    ]) as Record<string, string>;
    const result = await session.write([
      {
        stream: "runs",
        rows: [full, { id: "b", constructor: "k" }, { id: "c" }],
      },
    ]);
    expect(result.get("runs")).toMatchObject({ inserted: 2, rejected: 1 });
    const stored = {
      _deleted: "___deleted",
      _synced_at: "__synced_at",
      xmin: isSqlite ? "xmin" : "_xmin",
    };
    for (const name of names) {
      const column = Object.entries(stored).find(([source]) => source === name)?.[1] ?? name;
      expect(await fixture.texts(`select "${column}" as value from runs order by id`)).toEqual([
        `my ${name}`,
        name === "constructor" ? "k" : "null",
      ]);
    }
    expect(await fixture.texts("select id from runs where not _deleted order by id")).toEqual([
      "a",
      "b",
    ]);
  });

  test("keeps columns apart that differ only in case, in whatever order they are declared", async () => {
    const session = await fixture.session([
      tableOf({ Loss: "string", loss: "string", LOSS: "string" }),
    ]);
    const row = { id: "a", Loss: "1", loss: "2", LOSS: "3" };
    await session.write([{ stream: "runs", rows: [row] }]);
    await session.prepare([tableOf({ LOSS: "string", loss: "string", Loss: "string" })]);
    const again = await session.write([{ stream: "runs", rows: [row] }]);
    expect(again.get("runs")).toMatchObject({ unchanged: 1 });
    const [stored = {}] = await fixture.database.query("select * from runs");
    expect(Object.values(stored)).toEqual(expect.arrayContaining(["1", "2", "3"]));
  });

  test("keeps names apart that are longer than 63 bytes and have the same beginning", async () => {
    const [one, two] = [`${"é".repeat(40)}one`, `${"é".repeat(40)}two`];
    const session = await fixture.session([tableOf({ [one]: "string", [two]: "string" })]);
    await session.write([{ stream: "runs", rows: [{ id: "a", [one]: "1", [two]: "2" }] }]);
    const [stored = {}] = await fixture.database.query("select * from runs");
    expect(Object.values(stored)).toEqual(expect.arrayContaining(["1", "2"]));
  });

  test("holds a thousand columns", async () => {
    const names = Array.from({ length: 1000 }, (_, index) => `c${index}`);
    const table = tableOf(Object.fromEntries(names.map((name) => [name, "integer" as const])));
    const session = await fixture.session([table]);
    const rowsOf = (count: number) =>
      Array.from({ length: count }, (_, row) => ({
        id: String(row),
        ...Object.fromEntries(
          names.map((name, index) => [name, index % 3 === 0 ? row + index : null]),
        ),
      }));
    const first = await session.write([{ stream: "runs", rows: rowsOf(3) }]);
    expect(first.get("runs")).toMatchObject({ inserted: 3 });
    const second = await session.write([{ stream: "runs", rows: rowsOf(300) }]);
    expect(second.get("runs")).toMatchObject({ inserted: 297, unchanged: 3 });
    expect(await fixture.texts("select c999 from runs where id = '7'")).toEqual(["1006"]);
  });

  test("refuses a table with a required column that the source does not have", async () => {
    const session = await fixture.session([]);
    const make = (columns: string) =>
      fixture.database.query(
        `create table runs (id text not null primary key, made text not null default 'now'${columns})`,
      );
    await make(", label text not null");
    const refusal = session.prepare([tableOf({})]);
    await expect(refusal).rejects.toBeInstanceOf(ConfigError);
    await expect(refusal).rejects.toThrow(
      /table "runs": column "label" is NOT NULL without a default.*give it a default, or allow NULL/,
    );
    await fixture.database.query("drop table runs");
    await make(", twice text not null generated always as (id || id) stored");
    await session.prepare([tableOf({})]);
    await session.write([{ stream: "runs", rows: [{ id: "a" }] }]);
    expect(await fixture.texts("select twice || made from runs")).toEqual(["aanow"]);
  });
});
