import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { exitStatusOfSync } from "../../src/cli/invocation/exit-status.ts";
import { databases, type SqlRow, type TestDatabase } from "../support/databases.ts";
import { feed, record, schema, state, type Line } from "./feed.ts";

const integer = { type: ["null", "integer"] };
const string = { type: ["null", "string"] };
const moment = { type: ["null", "string"], format: "date-time" };
const time = { type: ["null", "string"], format: "time" };
const deletedAt = "2026-03-01T00:00:00Z";

/** Orders of a shop, their lines, which end up deleted in part, and opening hours. */
const shop: readonly Line[] = [
  state({ currently_syncing: "orders" }),
  schema("orders", { id: integer, n: integer, name: string }),
  record("orders", { id: 1, n: 1, name: "1" }, { version: 1 }),
  state({ orders: 1 }),
  schema("lines", { id: integer, n: integer, at: moment }),
  record("lines", { id: 1, n: 1, at: "2026-02-01T15:12:45" }, { version: 1 }),
  record("lines", { id: 1, n: 1, at: "2026-02-01T15:12:45", _sdc_deleted_at: deletedAt }),
  record("lines", { id: 2, n: 2, at: "2026-02-10T02:00:00+02:00" }, { version: 1 }),
  state({ orders: 1, lines: 2 }),
  schema("hours", { id: integer, opens: time }),
  record("hours", { id: 1, opens: "04:00:00" }),
  record("hours", { id: 2, opens: "23:00:03" }),
  record("hours", { id: 2, opens: "23:00:03", _sdc_deleted_at: deletedAt }),
  state({ orders: 1, lines: 2, hours: 2 }),
];

/** What pipelinewise-target-postgres checks of itself, with streams and expectations of our own. */
describe.each(databases)("the cases of pipelinewise, in %s", (dialect, newDatabase) => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await newDatabase();
  });

  afterEach(async () => {
    await database.drop();
  });

  /** The cells of a query as text. */
  async function cells(sql: string): Promise<(string | null)[][]> {
    const rows = await database.query(sql);
    return rows.map((row) => Object.values(row).map(asText));
  }

  const columnsOf = async (table: string): Promise<string[]> => {
    const [row] = await database.query(`SELECT * FROM ${table}`);
    return Object.keys(row ?? {});
  };

  const isDeleted = ({ _deleted }: SqlRow): boolean => [true, 1, "t"].includes(_deleted as string);

  const atOf = (utc: string): string =>
    dialect === "sqlite" ? `${utc.replace(" ", "T")}Z` : `${utc}+00`;

  test("three streams of one tap become three tables, with values of their types", async () => {
    const { status, states } = await feed(database, shop);
    expect(status).toBe("completed");
    expect(states.at(-1)).toBe('{"orders":1,"lines":2,"hours":2}');
    expect(await cells("SELECT id, n, name FROM orders")).toEqual([["1", "1", "1"]]);
    expect(await cells("SELECT id, at FROM lines ORDER BY id")).toEqual([
      ["1", expect.stringContaining(atOf("2026-02-01 15:12:45").slice(0, 19))],
      ["2", expect.stringContaining(atOf("2026-02-10 00:00:00").slice(0, 19))],
    ]);
    // A time of day stays text: SQLite has no such type, and "24:00:00" must not change.
    expect(await cells("SELECT opens FROM hours ORDER BY id")).toEqual([
      ["04:00:00"],
      ["23:00:03"],
    ]);
  });

  test("deleted rows are marked, never removed, and there are no metadata columns to switch on", async () => {
    await feed(database, shop);
    // When a row was written and whether it is deleted is in the two columns of every table.
    expect(await columnsOf("hours")).toEqual(["id", "opens", "_synced_at", "_deleted"]);
    for (const [table, deleted] of [
      ["orders", [false]],
      ["lines", [true, false]],
      ["hours", [false, true]],
    ] as const) {
      const rows = await database.query(`SELECT id, _deleted FROM ${table} ORDER BY id`);
      expect([table, rows.map(isDeleted)]).toEqual([table, deleted]);
    }
  });

  test("the same input twice changes nothing", async () => {
    await feed(database, shop);
    const before = await cells("SELECT id, n, at, _deleted FROM lines ORDER BY id");
    const { status } = await feed(database, shop);
    expect(status).toBe("completed");
    expect(await cells("SELECT id, n, at, _deleted FROM lines ORDER BY id")).toEqual(before);
  });

  test("a SCHEMA that comes again between records of several streams changes nothing", async () => {
    const [one, two] = ["one", "two"].map((name) => schema(name, { id: integer, name: string }));
    if (!one || !two) throw new Error("two schemas");
    const { status, counts } = await feed(database, [
      ...[one, record("one", { id: 1, name: "a" }), one, two, record("two", { id: 1, name: "b" })],
      ...[one, record("one", { id: 2, name: "c" }), two, two, record("two", { id: 1, name: "d" })],
      state({ at: 1 }),
    ]);
    expect(status).toBe("completed");
    expect(counts.get("one")).toMatchObject({ inserted: 2 });
    expect(await cells("SELECT name FROM one ORDER BY id")).toEqual([["a"], ["c"]]);
    expect(await cells("SELECT name FROM two")).toEqual([["d"]]);
  });

  test("a line that is not JSON is quarantined, and the others are loaded", async () => {
    const result = await feed(database, [
      schema("orders", { id: integer }),
      '{"type":"RECORD","stream":"orders","record":{"id":1}} trailing',
      record("orders", { id: 2 }),
      state({ orders: 2 }),
    ]);
    expect(exitStatusOfSync(result)).toBe(3);
    expect(result.states).toEqual(['{"orders":2}']);
    expect(await cells("SELECT id FROM orders")).toEqual([["2"]]);
    const [entry] = await database.query("SELECT reason FROM _rivulet_quarantine");
    expect(entry?.["reason"]).toMatch(/^line 2: not JSON/);
  });

  test("text of any script is stored as it came", async () => {
    const texts = [
      "Γειά σου, 世界, こんにちは",
      "简体 and 繁體",
      "Съешь ещё этих мягких булок",
      "ประเทศไทย",
      "النص العربي",
      `all of ["'!@£$%^&*()] and 👩‍👩‍👧`,
    ];
    await feed(database, [
      schema("texts", { id: integer, text: string }),
      ...texts.map((text, id) => record("texts", { id, text })),
    ]);
    expect((await cells("SELECT text FROM texts ORDER BY id")).flat()).toEqual(texts);
  });

  test("text of any length is stored as it came", async () => {
    const lengths = [128, 256, 1024, 4017, 32_003, 1_000_000];
    await feed(database, [
      schema("texts", { id: integer, text: string }),
      ...lengths.map((length, id) => record("texts", { id, text: "é".repeat(length) })),
    ]);
    const found = await cells("SELECT text FROM texts ORDER BY id");
    expect(found.map(([text]) => text?.length)).toEqual(lengths);
    expect(new Set(found.flat().join(""))).toEqual(new Set(["é"]));
  });

  test("a name with a hyphen, in camelCase or a word of SQL is a column of that name", async () => {
    const content = { camelCaseColumn: "a", "minus-column": "b", order: "c", "space d": "d" };
    const properties = Object.fromEntries(Object.keys(content).map((name) => [name, string]));
    await feed(database, [
      schema("shop-friends", { id: integer, ...properties }),
      record("shop-friends", { id: 1, ...content }),
    ]);
    const [row] = await database.query('SELECT * FROM "shop-friends"');
    expect(row).toMatchObject(content);
  });

  test("nested values stay one JSON column each: flattening would lose which was which", async () => {
    const nested = { a: "x", deep: { b: "y", list: [1, { c: null }] } };
    const declared = { type: "object", properties: { a: string, deep: { type: "object" } } };
    await feed(database, [
      schema("nests", { id: integer, list: { type: "array" }, open: { type: "object" }, declared }),
      record("nests", { id: 1, list: [1, 2, 3], open: nested, declared: nested }),
    ]);
    const [row] = await database.query("SELECT list, open, declared FROM nests");
    const values = Object.values(row ?? {}).map((text) => JSON.parse(String(text)) as unknown);
    expect(values).toEqual([[1, 2, 3], nested, nested]);
  });

  test("a property of another type continues in a column of its own, and the first keeps its values", async () => {
    await feed(database, shop);
    // Theirs renames the first column, which breaks whoever reads it.
    const { status } = await feed(database, [
      schema("lines", { id: integer, n: integer, at: string }),
      record("lines", { id: 2, n: 2, at: "last week" }),
      record("lines", { id: 3, n: 3, at: "2026-02-15 02:00:00" }),
      state({ lines: 3 }),
    ]);
    expect(status).toBe("completed");
    const found = await database.query("SELECT at, at__string FROM lines ORDER BY id");
    expect(found.map((row) => [row["at"] !== null, row["at__string"]])).toEqual([
      [true, null],
      [true, "last week"],
      [false, "2026-02-15 02:00:00"],
    ]);
  });

  test("a property of another name is another column, and a row sent without the first loses that value", async () => {
    await feed(database, shop);
    const { status } = await feed(database, [
      schema("hours", { id: integer, opens: time, starts: time }),
      record("hours", { id: 2, starts: "08:15:00" }),
      record("hours", { id: 3, starts: "09:30:00" }),
    ]);
    expect(status).toBe("completed");
    expect(await cells("SELECT opens, starts FROM hours ORDER BY id")).toEqual([
      ["04:00:00", null],
      [null, "08:15:00"],
      [null, "09:30:00"],
    ]);
  });

  test("a stream named after schema and table is a table of that name, in the one schema", async () => {
    await feed(database, [
      schema("public-orders", { id: integer }),
      record("public-orders", { id: 1 }),
    ]);
    expect(await cells('SELECT id FROM "public-orders"')).toEqual([["1"]]);
  });

  test("changes of a log, of several streams and in any order, end in what they say last", async () => {
    const change = (stream: string, id: number, name: string | null): Line =>
      record(stream, { id, name, ...(name === null ? { _sdc_deleted_at: deletedAt } : {}) });
    const { status } = await feed(database, [
      ...["log_a", "log_b"].map((stream) => schema(stream, { id: integer, name: string })),
      ...[change("log_a", 1, "new"), change("log_b", 1, "new"), change("log_a", 2, "new")],
      ...[change("log_a", 1, "changed"), change("log_a", 2, null), change("log_b", 1, null)],
      ...[state({ lsn: 6 }), change("log_b", 1, "back"), change("log_a", 3, null)],
      state({ lsn: 8 }),
    ]);
    expect(status).toBe("completed");
    const found = async (table: string): Promise<unknown[]> =>
      (await database.query(`SELECT * FROM ${table} ORDER BY id`)).map((row) => [
        Number(row["id"]),
        row["name"],
        isDeleted(row),
      ]);
    expect(await found("log_a")).toEqual([
      [1, "changed", false],
      [2, null, true],
      [3, null, true],
    ]);
    expect(await found("log_b")).toEqual([[1, "back", false]]);
  });

  test("a key of several columns is told apart by all of them", async () => {
    await feed(database, [
      schema("pairs", { a: integer, b: string, n: integer }, ["a", "b"]),
      ...[record("pairs", { a: 1, b: "x", n: 1 }), record("pairs", { a: 1, b: "y", n: 2 })],
      record("pairs", { a: 1, b: "x", n: 3 }),
    ]);
    expect(await cells("SELECT a, b, n FROM pairs ORDER BY b")).toEqual([
      ["1", "x", "3"],
      ["1", "y", "2"],
    ]);
  });
});

function asText(cell: unknown): string | null {
  return cell === null ? null : `${cell as string | number}`;
}
