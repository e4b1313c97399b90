import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { destinations, type SqlRow, type TestDatabase } from "../support/databases.ts";
import { feed, record, schema, state } from "./feed.ts";

const integer = { type: ["null", "integer"] };
const number = { type: ["null", "number"] };
const string = { type: ["null", "string"] };

describe.each(destinations)("on %s", (_name, newDatabase) => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await newDatabase();
  });

  afterEach(async () => {
    await database.drop();
  });

  /** The rows of a table without `_synced_at`, ordered by a column. */
  async function rows(table: string, order = "id"): Promise<SqlRow[]> {
    const found = await database.query(`SELECT * FROM "${table}" ORDER BY "${order}"`);
    return found.map((row) =>
      Object.fromEntries(
        Object.entries(row)
          .filter(([column]) => column !== "_synced_at")
          .map(([column, value]) => [column, column === "_deleted" ? isTrue(value) : value]),
      ),
    );
  }

  test("writes the last STATE once the records before it are stored", async () => {
    const { states, status, counts } = await feed(database, [
      schema("users", { id: integer, name: string }),
      record("users", { id: 1, name: "Ada" }),
      state({ at: 1 }),
      record("users", { id: 2, name: "Grace" }),
      state({ at: 2 }),
    ]);
    expect(states.at(-1)).toBe('{"at":2}');
    expect(status).toBe("completed");
    expect(counts.get("users")).toMatchObject({ inserted: 2 });
    expect((await rows("users")).map(({ name }) => name)).toEqual(["Ada", "Grace"]);
    const [saved] = await database.query(
      "SELECT checkpoint FROM _rivulet_state WHERE stream LIKE '_rivulet_input%'",
    );
    expect(JSON.parse(String(saved?.["checkpoint"]))).toEqual({ state: '{"at":2}' });
  });

  test("refuses a changed primary key before rows under the first are keyed by it", async () => {
    const columns = { id: integer, v: string };
    const { failures, states } = await feed(database, [
      schema("users", columns),
      record("users", { id: 1, v: "a" }),
      record("users", { id: 1, v: "b" }),
      schema("users", columns, ["id", "v"]),
      record("users", { id: 1, v: "c" }),
      state({ at: 1 }),
    ]);
    expect(states).toEqual([]);
    expect(failures.get("users")?.message).toMatch(
      /"users": key_properties changed within the input, from \(id\) to \(id, v\)/,
    );
  });

  test("keeps every digit of numbers, in columns and in the state", async () => {
    const { states } = await feed(database, [
      schema("numbers", {
        id: integer,
        big: integer,
        exact: { type: ["string", "null"], format: "singer.decimal" },
        nested: { type: "object" },
        money: { type: "number", multipleOf: 0.01 },
        words: string,
      }),
      '{"type":"RECORD","stream":"numbers","record":{"id":1,"big":9007199254740993,"exact":"0.10000000000000000001","nested":{"n": 1.10000000000000000001},"money":1234567890123456.78,"words":1.10}}',
      '{"type":"STATE","value":{"lsn":12345678901234567890}}',
    ]);
    const [row] = await rows("numbers");
    expect(String(row?.["money"])).toBe("1234567890123456.78");
    expect(row?.["words"]).toBe("1.10");
    expect(row?.["exact"]).toBe("0.10000000000000000001");
    expect(String(row?.["nested"])).toMatch(/1\.10000000000000000001/);
    const [big] = await database.query(`SELECT CAST(big AS text) AS big FROM numbers`);
    expect(big?.["big"]).toBe("9007199254740993");
    expect(states).toEqual(['{"lsn":12345678901234567890}']);
  });

  test("a changed schema adds columns, widens integers and loses no values of other types", async () => {
    await feed(database, [
      schema("t", { id: integer, n: integer, x: integer }),
      record("t", { id: 1, n: 1, x: 1 }),
      schema("t", { id: integer, n: number, x: string, late: string }),
      record("t", { id: 2, n: 1.5, x: "one", late: "new" }),
    ]);
    const found = await rows("t");
    expect(found.map(({ n }) => Number(n))).toEqual([1, 1.5]);
    expect(found.map(({ late }) => late)).toEqual([null, "new"]);
    expect(found.map(({ x }) => (x === null ? null : Number(x)))).toEqual([1, null]);
    expect(found.map(({ x__string }) => x__string)).toEqual([null, "one"]);
    const { status } = await feed(database, [
      schema("t", { id: integer, n: integer, x: string }),
      record("t", { id: 3, n: 3, x: "three" }),
    ]);
    expect(status).toBe("completed");
    expect((await rows("t")).map(({ late, x__string }) => [late, x__string])).toEqual([
      [null, null],
      ["new", "one"],
      [null, "three"],
    ]);
  });

  test("a decimal that becomes a number stays in its column, with every digit", async () => {
    const decimal = { type: ["null", "string"], format: "singer.decimal" };
    await feed(database, [
      schema("t", { id: integer, n: decimal }),
      record("t", { id: 1, n: "0.10000000000000000001" }),
      schema("t", { id: integer, n: number }),
      '{"type":"RECORD","stream":"t","record":{"id":2,"n":2.5}}',
      '{"type":"RECORD","stream":"t","record":{"id":3,"n":1.10000000000000000002}}',
    ]);
    const found = await rows("t");
    expect(found.map(({ n }) => n)).toEqual([
      "0.10000000000000000001",
      "2.5",
      "1.10000000000000000002",
    ]);
    expect(Object.keys(found[0] ?? {})).not.toContain("n__double");
  });

  test("a date is the day as written, whatever its offset", async () => {
    const date = { type: ["null", "string"], format: "date" };
    const days = [
      "2026-01-02",
      "2026-01-02T00:00:00Z",
      "2026-01-02T00:00:00+02:00",
      "2026-01-02 23:30:00.000-08:00",
    ];
    const { quarantined } = await feed(database, [
      schema("t", { id: integer, day: date }),
      ...[...days, "2026-02-30", "2026-01-02 and more"].map((day, id) => record("t", { id, day })),
    ]);
    expect((await rows("t")).map(({ day }) => day)).toEqual(days.map(() => "2026-01-02"));
    expect(quarantined).toBe(2);
  });

  test("stores members that the schema does not declare as JSON", async () => {
    await feed(database, [
      schema("t", { id: integer, _sdc_extra: integer }),
      record("t", { id: 1, more: { n: 1 }, other: "x", nothing: null }),
      record("t", { id: 2 }),
    ]);
    const [first, second] = await rows("t");
    expect(JSON.parse(String(first?.["__sdc_extra"]))).toEqual({ more: { n: 1 }, other: "x" });
    expect(second?.["__sdc_extra"]).toBeNull();
  });

  test("records without a key become one row each, and repeated input adds none", async () => {
    const input = [
      schema("log", { event: string, _sdc_sequence: integer }, []),
      record("log", { event: "click", _sdc_sequence: 1 }),
      record("log", { event: "click", _sdc_sequence: 2 }),
      record("log", { event: "scroll", _sdc_sequence: 3 }),
    ];
    await feed(database, input);
    expect((await rows("log", "event")).map(({ event }) => event)).toEqual([
      "click",
      "click",
      "scroll",
    ]);
    const { counts } = await feed(database, input);
    expect(counts.get("log")).toMatchObject({ inserted: 0, unchanged: 3 });
  });

  test("quarantines records with an incomplete key or a value that does not fit, and stores the others", async () => {
    const { status, states } = await feed(database, [
      schema("t", { id: integer, n: integer }),
      record("t", { n: 1 }),
      record("t", { id: 2, n: "many" }),
      record("t", { id: 3, n: 3 }),
      state({ done: true }),
    ]);
    expect(status).toBe("partial");
    expect(states).toEqual(['{"done":true}']);
    expect((await rows("t")).map(({ id }) => Number(id))).toEqual([3]);
    const entries = await database.query("SELECT payload, reason FROM _rivulet_quarantine");
    expect(entries.map(({ payload }) => String(payload)).sort()).toEqual([
      '{"id":2,"n":"many"}',
      '{"n":1}',
    ]);
  });

  test("quarantines invalid lines with their numbers, and continues", async () => {
    const { status, warnings, quarantined } = await feed(database, [
      schema("t", { id: integer }),
      '{"type":"RECORD","stream":"t","record":{"id":1}',
      record("unknown", { id: 2 }),
      { type: "GREETING" },
      Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]),
      "",
      record("t", { id: 3 }),
    ]);
    expect(status).toBe("partial");
    expect(quarantined).toBe(4);
    expect(warnings.map((warning) => warning.split(":")[0])).toEqual([
      "line 2",
      "line 3",
      "line 4",
      "line 5",
    ]);
    expect((await rows("t")).map(({ id }) => Number(id))).toEqual([3]);
    const entries = await database.query(
      "SELECT payload, reason FROM _rivulet_quarantine ORDER BY reason",
    );
    expect(entries[0]).toEqual({
      payload: '{"type":"RECORD","stream":"t","record":{"id":1}',
      reason: expect.stringMatching(/^line 2: not JSON/) as unknown,
    });
    expect(entries[1]?.["reason"]).toBe('line 3: RECORD: no SCHEMA for stream "unknown" before it');
  });

  test("fails if the input is not from a tap", async () => {
    const lines = Array.from({ length: 200 }, (_, n) => `${n};some;csv`);
    await expect(feed(database, lines)).rejects.toThrow(/none of the first 100 lines/);
  });

  test("marks a deleted record, and unmarks it when it returns", async () => {
    const properties = { id: integer, name: string };
    await feed(database, [
      schema("t", properties),
      record("t", { id: 1, name: "one" }),
      record("t", { id: 2, name: "two" }),
      record("t", { id: 1, _sdc_deleted_at: "2026-01-01T00:00:00Z" }),
      record("t", { id: 2, _sdc_deleted_at: "2026-01-01T00:00:00Z" }),
      record("t", { id: 2, name: "again", _sdc_deleted_at: null }),
    ]);
    expect(await rows("t")).toMatchObject([
      { name: "one", _deleted: true },
      { name: "again", _deleted: false },
    ]);
    const { status } = await feed(database, [
      schema("t", { ...properties, _sdc_deleted_at: string }),
      record("t", { id: 2, _sdc_deleted_at: "2026-01-01T00:00:00Z" }),
      record("t", { name: "nobody", _sdc_deleted_at: "2026-01-01T00:00:00Z" }),
      record("t", { id: 3, name: "three", _sdc_deleted_at: "2026-01-02T00:00:00Z" }),
    ]);
    expect(status).toBe("partial");
    expect((await rows("t")).slice(1)).toMatchObject([
      { name: "again", _sdc_deleted_at: "2026-01-01T00:00:00Z", _deleted: true },
      { name: "three", _sdc_deleted_at: "2026-01-02T00:00:00Z", _deleted: true },
    ]);
  });

  test("one deletion among equal records without a key marks one row and adds none", async () => {
    const deleted = { _sdc_deleted_at: "2026-01-01T00:00:00Z" };
    const properties = { a: integer, name: string };
    const deletedFlags = async () =>
      (await rows("t", "__sdc_primary_key")).map(({ _deleted }) => _deleted);
    const login = { a: 1, name: "login" };
    const first = [schema("t", properties, []), record("t", login), record("t", login)];
    await feed(database, [...first, record("t", { ...login, ...deleted })]);
    expect(await deletedFlags()).toEqual([false, true]);
    await feed(database, [schema("t", properties, []), record("t", { ...login, ...deleted })]);
    expect(await deletedFlags()).toEqual([true, true]);
    await feed(database, first);
    expect(await deletedFlags()).toEqual([false, false]);
  });

  test("activating a version marks the rows of other versions as deleted", async () => {
    const versioned = (version: number, ids: readonly number[]) =>
      ids.map((id) => record("t", { id }, { version }));
    const activate = (version: number) => ({ type: "ACTIVATE_VERSION", stream: "t", version });
    const presentIds = async () =>
      (await rows("t")).filter(({ _deleted }) => _deleted !== true).map(({ id }) => Number(id));
    await feed(database, [schema("t", { id: integer }), record("t", { id: 9 })]);
    await feed(database, [schema("t", { id: integer }), ...versioned(1, [1, 2, 3]), activate(1)]);
    expect(await presentIds()).toEqual([1, 2, 3]);
    await feed(database, [schema("t", { id: integer }), ...versioned(2, [2]), state({})]);
    expect(await presentIds()).toEqual([1, 2, 3]);
    await feed(database, [
      schema("t", { id: integer }),
      ...versioned(2, [2, 3, 4]),
      activate(2),
      ...versioned(3, [5]),
      activate(3),
      activate(3),
    ]);
    expect(await presentIds()).toEqual([5]);
    await feed(database, [schema("t", { id: integer }), activate(4)]);
    expect(await presentIds()).toEqual([]);
  });

  test("reads the files of a BATCH in its place, with and without gzip", async () => {
    const folder = await mkdtemp(join(tmpdir(), "rivulet-batch-"));
    try {
      const lines = ['{"id":1,"n":9007199254740993}', "", '{"id":2}', "broken"].join("\n");
      await writeFile(join(folder, "a.jsonl.gz"), gzipSync(lines));
      const message = { type: "RECORD", stream: "t", record: { id: 3 } };
      await writeFile(join(folder, "b.jsonl"), JSON.stringify(message));
      const { status, states, warnings } = await feed(database, [
        schema("t", { id: integer, n: integer }),
        {
          type: "BATCH",
          stream: "t",
          encoding: { format: "jsonl", compression: "gzip" },
          manifest: [pathToFileURL(join(folder, "a.jsonl.gz")).href],
        },
        { type: "BATCH", stream: "t", filepath: join(folder, "b.jsonl"), format: "jsonl" },
        state({ read: true }),
      ]);
      expect({ status, states }).toEqual({ status: "partial", states: ['{"read":true}'] });
      expect(warnings).toEqual([expect.stringMatching(/a\.jsonl\.gz: line 4: not JSON/)]);
      expect((await rows("t")).map(({ id }) => Number(id))).toEqual([1, 2, 3]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("fails on a missing or truncated BATCH file, before the STATE that follows", async () => {
    const folder = await mkdtemp(join(tmpdir(), "rivulet-batch-"));
    try {
      const whole = gzipSync(Array.from({ length: 9000 }, (_, id) => `{"id":${id}}`).join("\n"));
      await writeFile(join(folder, "cut.gz"), whole.subarray(0, whole.length - 9));
      for (const name of ["cut.gz", "gone.jsonl"]) {
        const batch = { type: "BATCH", stream: "t", filepath: join(folder, name), format: "jsonl" };
        const input = [schema("t", { id: integer }), state(1), batch, state(2)];
        const { failures, states } = await feed(database, input);
        expect(states).toEqual(["1"]);
        expect(failures.get("t")?.message).toMatch(/BATCH .*; run the tap again/);
      }
      const [saved] = await database.query(
        "SELECT checkpoint FROM _rivulet_state WHERE stream LIKE '_rivulet_input%'",
      );
      expect(saved?.["checkpoint"]).toBe('{"state":"1"}');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("stores properties whose names collide, are too long, hostile or reserved", async () => {
    const long = "l".repeat(70);
    const names = ["fooBar", "foo_bar", "a/b", "a_b", "A_B", `${long}1`, `${long}2`, "__proto__"];
    const hostile = ['"; DROP TABLE t; --', "\u0000", "", "constructor", "💥", "_synced_at"];
    const all = [...names, ...hostile, "_deleted", "__deleted", "_sdc_extra"];
    const content = Object.fromEntries(all.map((name, n) => [name, `v${n}`]));
    const properties = Object.fromEntries(all.map((name) => [name, string]));
    const stream = 'we "like" streams';
    const { counts } = await feed(database, [
      schema(stream, { id: integer, ...properties }),
      record(stream, { id: 1, ...content, _deleted: "" }),
    ]);
    expect([...counts.values()]).toEqual([expect.objectContaining({ inserted: 1 })]);
    const [row] = await database.query(`SELECT *, "__proto__" AS proto FROM "we ""like"" streams"`);
    const values = Object.values(row ?? {}).map(String);
    for (const value of Object.values(content).filter((text) => text !== content["_deleted"]))
      expect(values).toContain(value);
    expect(Object.keys(row ?? {})).toEqual(
      expect.arrayContaining(["fooBar", "foo_bar", "a/b", "a_b", "__synced_at", "___deleted"]),
    );
    expect(row?.["___deleted"]).toBe("");
    expect(isTrue(row?.["_deleted"])).toBe(false);
  });

  test("reports the offending character of a line that is not JSON, without its text", async () => {
    const { warnings } = await feed(database, [
      '{"type":"RECORD","stream":"t","record":{"id":NaN,"token":"secret"}}',
      "'",
    ]);
    expect(warnings).toEqual([
      "line 1: not JSON (Unexpected token 'N'); in quarantine",
      "line 2: not JSON (Unexpected token '''); in quarantine",
    ]);
  });

  test("a property with a reserved name keeps its column, whatever later schemas declare", async () => {
    const runs: readonly Readonly<Record<string, string>>[] = [
      { _deleted: "one" },
      { _deleted: "one", __deleted: "two" },
      { __deleted: "two", _deleted: "one" },
      { __deleted: "two" },
      { _deleted: "one" },
    ];
    for (const [id, content] of runs.entries()) {
      const properties = Object.fromEntries(Object.keys(content).map((name) => [name, string]));
      const { status } = await feed(database, [
        schema("t", { id: integer, ...properties }),
        record("t", { id, ...content }),
      ]);
      expect(status).toBe("completed");
    }
    expect((await rows("t")).map(({ __deleted: one, ___deleted: two }) => [one, two])).toEqual([
      ["one", null],
      ["one", "two"],
      ["one", "two"],
      [null, "two"],
      ["one", null],
    ]);
  });

  test("a key may have a reserved name", async () => {
    await feed(database, [
      schema("t", { _deleted: integer, n: integer }, ["_deleted"]),
      record("t", { _deleted: 1, n: 1 }),
      record("t", { _deleted: 2, n: 2 }),
      record("t", { _deleted: 1, _sdc_deleted_at: "2024-01-01T00:00:00Z" }),
    ]);
    const found = await rows("t", "__deleted");
    const cells = found.map(({ __deleted: key, n, _deleted }) => [
      Number(key),
      Number(n),
      _deleted,
    ]);
    expect(cells).toEqual([
      [1, 1, true],
      [2, 2, false],
    ]);
  });

  test("streams with equal or reserved table names get separate tables", async () => {
    const streams = ["Users", "users", "_rivulet_state", "sqlite_master", ""];
    const input = streams.flatMap((stream, id) => [
      schema(stream, { id: integer }),
      record(stream, { id }),
    ]);
    await feed(database, input);
    await feed(
      database,
      input.toReversed().toSorted((a) => ("schema" in (a as object) ? -1 : 1)),
    );
    for (const [id, table] of [
      "Users",
      "_users",
      "__rivulet_state",
      "_sqlite_master",
      "_",
    ].entries())
      expect((await rows(table)).map((row) => Number(row["id"]))).toEqual([id]);
  });
});

function isTrue(value: unknown): boolean {
  return value === true || value === 1 || value === "t";
}
