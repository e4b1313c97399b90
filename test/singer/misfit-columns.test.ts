import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { exitStatusOfSync } from "../../src/cli/invocation/exit-status.ts";
import { databases, type TestDatabase } from "../support/databases.ts";
import { feed, record, schema, state, type Line } from "./feed.ts";

const integer = { type: ["null", "integer"] };
const string = { type: ["null", "string"] };
const boolean = { type: ["null", "boolean"] };

/** A stream whose table is somebody's, and another one. */
const input = (id: number, n: number | string, type = integer): Line[] => [
  schema("runs", { id: integer, n: type }),
  record("runs", { id, n }),
  schema("other", { id: integer }),
  record("other", { id }),
  state({ id }),
];

/** One chunk of input, so that no table is prepared before its end. */
const together = (lines: readonly Line[]): Line[] => [
  lines.map((line) => JSON.stringify(line)).join("\n"),
];

const apart = (lines: readonly Line[]): readonly Line[] => lines;

describe.each(databases)("a column that cannot hold a property, in %s", (dialect, newDatabase) => {
  let database: TestDatabase;
  const bytes = dialect === "sqlite" ? "blob" : "bytea";

  beforeEach(async () => {
    database = await newDatabase();
    if ("schema" in database) await database.query(`create schema ${String(database.schema)}`);
  });

  afterEach(async () => {
    await database.drop();
  });

  /** The cells of a query as text, by row. */
  const cells = async (sql: string): Promise<string[]> =>
    (await database.query(sql)).map((row) => Object.values(row).map(String).join(" "));

  const columns = async (): Promise<string[]> =>
    Object.keys((await database.query("select * from runs"))[0] ?? {})
      .filter((name) => name !== "_synced_at" && name !== "_deleted")
      .sort();

  test("leaves it to name__type, which a warning says once, and the next runs use", async () => {
    await database.query("create table runs (id bigint primary key, n text)");
    await database.query("insert into runs values (7, 'seven')");
    const first = await feed(database, input(1, 10));
    expect(exitStatusOfSync(first)).toBe(0);
    expect(first.states).toEqual(['{"id":1}']);
    expect(first.warnings).toEqual([
      expect.stringMatching(
        /"runs": column "n": expected \w+, found text; .* continue in "n__integer"/,
      ),
    ]);
    const second = await feed(database, [...input(1, 11), ...input(2, 20)]);
    expect(second.counts.get("runs")).toMatchObject({ inserted: 1, updated: 1 });
    expect(second.warnings).toEqual([]);
    expect(await cells("select id, n, n__integer from runs order by id")).toEqual([
      ...["1 null 11", "2 null 20", "7 seven null"],
    ]);
    expect(await columns()).toEqual(["id", "n", "n__integer"]);
  });

  test("leaves it to the same name__type if the state was lost", async () => {
    await database.query("create table runs (id bigint primary key, n text)");
    await feed(database, input(1, 10));
    await database.query("delete from _rivulet_state");
    const again = await feed(database, [...input(1, 10), ...input(2, 20)]);
    expect(again.counts.get("runs")).toMatchObject({ inserted: 1, unchanged: 1 });
    expect(await cells("select id, n__integer from runs order by id")).toEqual(["1 10", "2 20"]);
    expect(await columns()).toEqual(["id", "n", "n__integer"]);
  });

  test("leaves it to name__type, while another type of the property is stored in it", async () => {
    await database.query("create table runs (id bigint primary key, n text)");
    await feed(database, input(1, 10));
    const result = await feed(database, [...input(2, "two", string), ...input(3, 30)]);
    expect(result.warnings).toEqual([]);
    expect(await cells("select id, n, n__integer from runs order by id")).toEqual([
      ...["1 null 10", "2 two null", "3 null 30"],
    ]);
  });

  test.each([
    ["together", together],
    ["apart", apart],
  ])("leaves it to a column for each type of records that came %s", async (_how, arrange) => {
    await database.query(`create table runs (id bigint primary key, n ${bytes}, m ${bytes})`);
    const lines: Line[] = [
      schema("runs", { id: integer, n: boolean, m: integer }),
      record("runs", { id: 1, n: true, m: 1 }),
      record("runs", { id: 9, n: true, m: 1 }),
      schema("runs", { id: integer, n: integer, m: integer }),
      record("runs", { id: 2, n: 2, m: 2 }),
      // A partial record changes only what it has.
      record("runs", { id: 9, m: 9, _sdc_deleted_at: "2026-03-01T00:00:00Z" }),
      state({ at: 1 }),
    ];
    const result = await feed(database, arrange(lines));
    expect(exitStatusOfSync(result)).toBe(0);
    expect(result.states).toEqual(['{"at":1}']);
    const rows = await database.query(
      "select id, n, m, n__boolean as b, n__integer as i, m__integer as m2, _deleted as d from runs order by id",
    );
    const asText = rows.map((row) => Object.values(row).map((cell) => String(cell).charAt(0)));
    const [yes, no] = dialect === "sqlite" ? ["1", "0"] : ["t", "f"];
    expect(asText).toEqual([
      ["1", "n", "n", yes, "n", "1", no],
      ["2", "n", "n", "n", "2", "2", no],
      ["9", "n", "n", yes, "n", "9", yes],
    ]);
  });

  test("leaves it to a column that no property has", async () => {
    await database.query(
      `create table runs (id bigint primary key, n ${bytes}, m ${bytes}, m__integer ${bytes})`,
    );
    const lines = (id: number): Line[] => [
      schema("runs", { id: integer, n: integer, n__integer: integer, m: integer }),
      record("runs", { id, n: 10, n__integer: 20, m: 30 }),
    ];
    await feed(database, lines(1));
    await feed(database, [
      ...lines(2),
      schema("runs", { id: integer, n: integer, n__integer: integer, m__integer: string }),
      record("runs", { id: 3, n: 10, n__integer: 20, m__integer: "its own" }),
    ]);
    const sql =
      "select id, n__integer__integer, n__integer, m__integer__integer, _m__integer from runs";
    expect(await cells(`${sql} order by id`)).toEqual([
      ...["1 10 20 30 null", "2 10 20 30 null", "3 10 20 null its own"],
    ]);
  });

  test.each([
    ["together", together],
    ["apart", apart],
  ])("leaves it to name__type for rivulet's own tap, messages %s", async (_how, arrange) => {
    await database.query(`create table runs (id bigint primary key, part ${bytes}, raw ${bytes})`);
    const lines = (at: number): Line[] => [
      {
        ...{ type: "SCHEMA", stream: "runs", key_properties: ["id"] },
        schema: { properties: { id: integer, part: string, raw: {} } },
        rivulet: { identity: "workspace", stamped: ["part"] },
      },
      record("runs", { id: 1, part: "a" }, { rivulet: { texts: { raw: '{"n": 1.10}' } } }),
      record("runs", { id: at, part: "a" }),
      state({ at }),
      record("runs", { id: 1, part: "a" }, { rivulet: { update: true } }),
    ];
    await feed(database, arrange(lines(2)));
    const sweep = { stream: "runs", where: { part: "a" }, keys: [[1], [3]] };
    const result = await feed(database, [
      ...arrange(lines(3)),
      ...[{ type: "STATE", value: { at: 4 }, rivulet: { sweeps: [sweep] } }],
    ]);
    expect(exitStatusOfSync(result)).toBe(0);
    expect(result.counts.get("runs")).toMatchObject({ inserted: 1, updated: 0, deleted: 1 });
    const sql = "select id, part__string, raw__json from runs where _deleted = false order by id";
    expect(await cells(sql)).toEqual(['1 a {"n": 1.10}', "3 a null"]);
  });

  test.each([
    ["together", together],
    ["apart", apart],
  ])("leaves what the target itself stores to name__type, input %s", async (_how, arrange) => {
    await database.query(
      `create table runs (id bigint primary key, _sdc_table_version ${bytes}, _sdc_extra ${bytes})`,
    );
    const version = (at: number, ids: readonly number[]): Line[] => [
      schema("runs", { id: integer }),
      ...ids.map((id) => record("runs", { id, more: id }, { version: at })),
      { type: "ACTIVATE_VERSION", stream: "runs", version: at },
    ];
    expect(exitStatusOfSync(await feed(database, arrange(version(1, [1, 2]))))).toBe(0);
    const sql = `select id, _sdc_table_version__integer, _sdc_extra__json from runs
      where _deleted = false order by id`;
    const compact = async (): Promise<string[]> =>
      (await cells(sql)).map((text) => text.replace(": ", ":"));
    expect(await compact()).toEqual(['1 1 {"more":1}', '2 1 {"more":2}']);
    expect(exitStatusOfSync(await feed(database, arrange(version(2, [2]))))).toBe(0);
    expect(await compact()).toEqual(['2 2 {"more":2}']);
    await feed(database, version(3, []));
    expect(await compact()).toEqual([]);
  });

  test.each([
    [
      "is in the key",
      "id text primary key, n bigint",
      /"id": expected \w+ in the primary key, found text; change the column's type by hand, rename/,
    ],
    [
      "is needed",
      "id bigint primary key, n text not null",
      /"n" is NOT NULL without a default.*allow NULL/,
    ],
  ])("makes the status 2 and stops no other stream if it %s", async (_case, sql, message) => {
    await database.query(`create table runs (${sql})`);
    const result = await feed(database, input(1, 10));
    expect(exitStatusOfSync(result)).toBe(2);
    expect(result.failures.get("runs")?.message).toMatch(message);
    expect(result.warnings).toEqual([]);
    expect(result.states).toEqual([]);
    expect(await cells("select id from other")).toEqual(["1"]);
    const isChanged = (await columns()).includes("n__integer");
    expect(isChanged).toBe(false);
  });
});
