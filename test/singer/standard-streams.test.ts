import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { exitStatusOfSync } from "../../src/cli/invocation/exit-status.ts";
import { databases, type SqlRow, type TestDatabase } from "../support/databases.ts";
import { feed, record, schema, state, type Line } from "./feed.ts";

const integer = { type: "integer" };
const string = { type: "string" };
const number = { type: "number" };
const boolean = { type: "boolean" };
const strings = { type: "array", items: string };

/** What the Singer SDK checks of every target, with streams and expectations of our own. */
describe.each(databases)("the cases of the Singer SDK, in %s", (dialect, newDatabase) => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await newDatabase();
  });

  afterEach(async () => {
    await database.drop();
  });

  /** These columns of a table's rows. */
  async function rows(table: string, columns: readonly string[], order = "id"): Promise<SqlRow[]> {
    const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;
    const list = columns.map(quote).join(", ");
    return await database.query(`SELECT ${list} FROM ${quote(table)} ORDER BY ${quote(order)}`);
  }

  const cells = async (...args: Parameters<typeof rows>): Promise<(string | null)[][]> =>
    (await rows(...args)).map((row) => Object.values(row).map(asText));

  const json = (text: unknown): unknown => JSON.parse(String(text)) as unknown;

  async function quarantine(): Promise<SqlRow[]> {
    return await database.query("SELECT payload, reason FROM _rivulet_quarantine ORDER BY reason");
  }

  test("arrays are stored as JSON, in their order", async () => {
    const lists = [["plum", "fig"], [], ["fig", "plum", "fig"]];
    const { status, states } = await feed(database, [
      schema("baskets", { id: integer, fruits: strings }),
      ...lists.map((fruits, id) => record("baskets", { id, fruits })),
      state({ baskets: 3 }),
    ]);
    expect({ status, states }).toEqual({ status: "completed", states: ['{"baskets":3}'] });
    const found = await rows("baskets", ["fruits"]);
    expect(found.map(({ fruits }) => json(fruits))).toEqual(lists);
  });

  test("names in camelCase keep their case, where other targets fold it", async () => {
    await feed(database, [
      schema("ClientApps", { Id: string, clientName: string }, ["Id"]),
      record("ClientApps", { Id: "a", clientName: "Desktop" }),
      record("ClientApps", { Id: "b", clientName: "Phone" }),
    ]);
    expect(await cells("ClientApps", ["Id", "clientName"], "Id")).toEqual([
      ["a", "Desktop"],
      ["b", "Phone"],
    ]);
  });

  test("a schema in camelCase with alternatives grows by more names, also with a leading _", async () => {
    const changedAt = {
      anyOf: [{ type: "string", format: "date-time" }, { type: ["string", "null"] }],
    };
    const before = { Id: string, IsDeleted: { type: ["null", "boolean"] }, ChangedAt: changedAt };
    const { status } = await feed(database, [
      schema("ForecastTypes", before, ["Id"]),
      record("ForecastTypes", { Id: "a", IsDeleted: false, ChangedAt: "2026-01-02T03:04:05Z" }),
      schema("ForecastTypes", { ...before, NewAttribute: integer, _other: string }, ["Id"]),
      record("ForecastTypes", { Id: "b", ChangedAt: null, NewAttribute: 7, _other: "x" }),
    ]);
    expect(status).toBe("completed");
    const columns = ["Id", "ChangedAt", "NewAttribute", "_other"];
    expect(await cells("ForecastTypes", columns, "Id")).toEqual([
      ["a", "2026-01-02T03:04:05Z", null, null],
      ["b", null, "7", "x"],
    ]);
  });

  test("of records with the same key, the last one stays", async () => {
    await feed(database, [
      schema("meters", { id: integer, metric: integer }),
      ...[1, 10, 100].flatMap((metric) =>
        [1, 2].map((id) => record("meters", { id, metric: metric * id })),
      ),
      record("meters", { id: 1, metric: 5 }),
      state({ meters: 2 }),
    ]);
    expect(await cells("meters", ["id", "metric"])).toEqual([
      ["1", "5"],
      ["2", "200"],
    ]);
  });

  test("text keeps every character, alone, in objects and in arrays", async () => {
    const texts = [
      "plain",
      "γλώσσα",
      "言语",
      "forêt",
      'a "quote"',
      '\\ / \n " \t',
      "\\u0041 as is",
    ];
    // As text: escapes such as \/ or \u0101 are a tap's own choice.
    const escaped = String.raw`\u006d \u0101 \/ \\u0001 \u0001`;
    const meant = "m \u0101 / \\u0001 \u0001";
    const { status } = await feed(database, [
      schema("texts", { id: integer, info: string, held: { type: "object" }, list: strings }),
      ...texts.map((info, id) => record("texts", { id, info, held: { info }, list: [info] })),
      `{"type":"RECORD","stream":"texts","record":{"id":9,"info":"${escaped}","held":{"info":"${escaped}"},"list":["${escaped}"]}}`,
    ]);
    expect(status).toBe("completed");
    const found = await rows("texts", ["info", "held", "list"]);
    expect(found.map(({ info, held, list }) => [info, json(held), json(list)])).toEqual(
      [...texts, meant].map((info) => [info, { info }, [info]]),
    );
  });

  test("U+0000, which Postgres cannot store, is kept escaped", async () => {
    const { status } = await feed(database, [
      schema("texts", { id: integer, info: string }),
      record("texts", { id: 1, info: "before \u0000 after" }),
    ]);
    expect(status).toBe("completed");
    const [row] = await rows("texts", ["info"]);
    const kept = dialect === "postgres" ? "before \\u0000 after" : "before \u0000 after";
    expect(row?.["info"]).toBe(kept);
  });

  test("a schema without properties is no error: members are kept in _sdc_extra", async () => {
    const { status } = await feed(database, [
      { type: "SCHEMA", stream: "bare", schema: { type: "object" }, key_properties: [] },
      record("bare", { anything: { n: 1 } }),
    ]);
    expect(status).toBe("completed");
    const [row] = await rows("bare", ["_sdc_extra"], "__sdc_primary_key");
    expect(json(row?.["_sdc_extra"])).toEqual({ anything: { n: 1 } });
  });

  test("a SCHEMA whose schema is no object is quarantined, and its records with it", async () => {
    const result = await feed(database, [
      { type: "SCHEMA", stream: "bad", schema: "object", key_properties: [] },
      record("bad", { id: 1 }),
      schema("good", { id: integer }),
      record("good", { id: 1 }),
      state({ at: 1 }),
    ]);
    expect(exitStatusOfSync(result)).toBe(3);
    expect((await quarantine()).map(({ reason }) => reason)).toEqual([
      "line 1: SCHEMA: expected an object as schema",
      'line 2: RECORD: no SCHEMA for stream "bad" before it',
    ]);
    expect(await cells("good", ["id"])).toEqual([["1"]]);
  });

  test("an object needs no properties of its own", async () => {
    await feed(database, [
      schema("open", { id: integer, store: { type: "object" } }),
      record("open", { id: 1, store: { n: 1, deep: { more: [null] } } }),
      record("open", { id: 2, store: {} }),
    ]);
    const found = await rows("open", ["store"]);
    expect(found.map(({ store }) => json(store))).toEqual([{ n: 1, deep: { more: [null] } }, {}]);
  });

  test("of several STATEs, those written are in order, and the last covers all", async () => {
    const values = [
      { a: 1, b: 0 },
      { a: 3, b: 2 },
      { a: 3, b: 4 },
    ];
    const { states } = await feed(database, [
      schema("a", { id: integer }),
      schema("b", { id: integer }),
      ...values.flatMap((value, n) => [
        record("a", { id: n }),
        record("b", { id: n + 10 }),
        state(value),
      ]),
      record("a", { id: 99 }),
    ]);
    const texts = values.map((value) => JSON.stringify(value));
    // Those of one transaction are one: a STATE covers the earlier ones.
    expect(texts.filter((text) => states.includes(text))).toEqual(states);
    expect(states.at(-1)).toBe(texts.at(-1));
    expect(await cells("a", ["id"])).toHaveLength(4);
  });

  test("without a key, equal records of one run are rows of their own, and no run adds them twice", async () => {
    const hits = [11, 22, 22].map((metric) => record("hits", { metric }));
    await feed(database, [schema("hits", { metric: integer }, []), ...hits]);
    const more = [schema("hits", { metric: integer }, []), ...hits, record("hits", { metric: 33 })];
    const { counts } = await feed(database, more);
    expect(counts.get("hits")).toMatchObject({ inserted: 1, unchanged: 3 });
    expect((await cells("hits", ["metric"], "metric")).flat()).toEqual(["11", "22", "22", "33"]);
  });

  test("a record without optional members leaves their columns NULL, also if they had a value", async () => {
    const input = [
      schema("notes", { id: integer, text: string }),
      record("notes", { id: 1, text: "there" }),
      record("notes", { id: 2 }),
    ];
    await feed(database, [...input, record("notes", { id: 3, text: "gone later" })]);
    await feed(database, [...input, record("notes", { id: 3 })]);
    expect((await cells("notes", ["text"])).flat()).toEqual(["there", null, null]);
  });

  test("a record before its SCHEMA is quarantined, and the run goes on to end with 3", async () => {
    const lines: Line[] = [
      record("early", { id: 1 }),
      schema("early", { id: integer }),
      record("early", { id: 2 }),
      state({ early: 2 }),
    ];
    const result = await feed(database, lines);
    expect(exitStatusOfSync(result)).toBe(3);
    expect(result.states).toEqual(['{"early":2}']);
    expect(await cells("early", ["id"])).toEqual([["2"]]);
    const [entry] = await quarantine();
    expect(json(entry?.["payload"])).toEqual(lines[0]);
  });

  test("a record without its key is quarantined whole, and the run ends with 3", async () => {
    const result = await feed(database, [
      schema("keyed", { id: integer, metric: integer }),
      record("keyed", { metric: 1 }),
      record("keyed", { id: 2, metric: 2 }),
    ]);
    expect(exitStatusOfSync(result)).toBe(3);
    expect(await cells("keyed", ["id", "metric"])).toEqual([["2", "2"]]);
    const [entry] = await quarantine();
    expect(json(entry?.["payload"])).toEqual({ metric: 1 });
    expect(entry?.["reason"]).toMatch(/"id"/);
  });

  test("key properties that change refuse the stream with 2: a table has one primary key", async () => {
    const result = await feed(database, [
      schema("people", { id: integer, email: string }),
      record("people", { id: 1, email: "a@example.com" }),
      schema("people", { id: integer, email: string }, ["email"]),
      record("people", { id: 2, email: "b@example.com" }),
      state({ people: 2 }),
    ]);
    expect(exitStatusOfSync(result)).toBe(2);
    expect(result.failures.get("people")?.message).toMatch(/key_properties changed/);
    expect(result.states).toEqual([]);
  });

  test("a record without another required member is a row: what came is kept", async () => {
    const required = { type: "object", required: ["id"], properties: { id: integer, n: integer } };
    const { status } = await feed(database, [
      { type: "SCHEMA", stream: "loose", schema: required, key_properties: [] },
      record("loose", { n: 1 }),
    ]);
    expect(status).toBe("completed");
    expect(await cells("loose", ["id", "n"], "n")).toEqual([[null, "1"]]);
  });

  test("each SCHEMA of a stream adds its columns, and earlier rows keep theirs", async () => {
    const properties = [
      { id: integer, a1: number, a2: string },
      { a3: boolean },
      { a4: { type: "object", properties: { n: integer } }, a5: strings },
      { a6: integer },
    ];
    const contents = [{ a1: 1.5, a2: "one" }, { a3: true }, { a4: { n: 1 }, a5: ["x"] }, { a6: 9 }];
    let known = {};
    const input = properties.flatMap((more, id) => {
      known = { ...known, ...more };
      return [schema("growing", known), record("growing", { id, ...contents[id] })];
    });
    const { status } = await feed(database, [...input, state({ growing: 4 })]);
    expect(status).toBe("completed");
    const found = await rows("growing", ["a1", "a2", "a3", "a4", "a5", "a6"]);
    const filled = found.map((row) => Object.keys(row).filter((column) => row[column] !== null));
    expect(filled).toEqual([["a1", "a2"], ["a3"], ["a4", "a5"], ["a6"]]);
    expect([json(found[2]?.["a4"]), json(found[2]?.["a5"])]).toEqual([{ n: 1 }, ["x"]]);
  });

  test("names with : ! ? and spaces are kept, in streams, columns and objects", async () => {
    const inner = { "agent:type": "phone", "agent:os:version": "1.2" };
    await feed(database, [
      schema("a:Stream!in?use", { _id: string, "d e": { type: "object" } }, ["_id"]),
      record("a:Stream!in?use", { _id: "x1", "d e": inner }, { version: 1 }),
    ]);
    const [row] = await rows("a:Stream!in?use", ["_id", "d e"], "_id");
    expect([row?.["_id"], json(row?.["d e"])]).toEqual(["x1", inner]);
  });
});

function asText(cell: unknown): string | null {
  return cell === null ? null : `${cell as string | number}`;
}
