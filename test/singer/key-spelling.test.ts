import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { destinations, type TestDatabase } from "../support/databases.ts";
import { feed, record, schema } from "./feed.ts";

const text = { type: ["null", "string"] };

describe.each(destinations)("on %s", (_name, newDatabase) => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await newDatabase();
  });

  afterEach(async () => {
    await database.drop();
  });

  /** How many rows came of keys that are text now, in a column that was of another type. */
  async function countKeys(first: object, value: unknown, keys: readonly string[]) {
    await feed(database, [schema("t", { id: first }), record("t", { id: value })]);
    const { status, quarantined } = await feed(database, [
      schema("t", { id: text }),
      ...keys.map((id) => record("t", { id })),
    ]);
    const [{ count } = {}] = await database.query('SELECT count(*) AS count FROM "t"');
    return { status, quarantined, rows: Number(count) };
  }

  test.each([
    ["integer", { type: "integer" }, 3, "3", ["0003", "+3", "3.0", "3e0", "03"]],
    ["number", { type: "number" }, 0.5, "0.5", ["0.50", ".5", "5e-1", "+0.5"]],
    ["decimal", { type: "string", format: "singer.decimal" }, "1.5", "1.5", ["1.50", "15e-1"]],
    ["boolean", { type: "boolean" }, true, "true", []],
    [
      "date",
      { type: "string", format: "date" },
      "2026-01-02",
      "2026-01-02",
      ["2026-01-02T00:00:00Z"],
    ],
    [
      "timestamp",
      { type: "string", format: "date-time" },
      "2026-01-02T00:00:00Z",
      "2026-01-02T00:00:00Z",
      [
        "2026-01-02",
        "2026-01-02T01:00:00+01:00",
        "2026-01-02T00:00:00.000Z",
        "2026-01-02 00:00:00",
      ],
    ],
  ])(
    "no two keys become one row where %s becomes text",
    async (_type, first, value, same, others) => {
      expect(await countKeys(first, value, [same, ...others])).toEqual({
        status: others.length > 0 ? "partial" : "completed",
        quarantined: others.length,
        rows: 1,
      });
    },
  );

  test("entries of a key with several parts are told apart, and stay when a similar row is stored", async () => {
    const properties = { a: { type: "integer" }, b: text };
    const keys = ["a", "b"];
    const { quarantined } = await feed(database, [
      schema("t", properties, keys),
      ...["x", "y"].map((b) => record("t", { a: "01", b })),
      ...["x", "y"].map((b) => record("t", { a: 1, b })),
    ]);
    expect(quarantined).toBe(2);
    const entries = await database.query(
      "SELECT key, payload FROM _rivulet_quarantine WHERE stream = 't' ORDER BY key",
    );
    expect(entries).toEqual([
      { key: '["01","x"]', payload: '{"a":"01","b":"x"}' },
      { key: '["01","y"]', payload: '{"a":"01","b":"y"}' },
    ]);
  });

  test("an integer key is written the same as text and as a number", async () => {
    await feed(database, [
      schema("t", { id: { type: "integer" }, n: { type: "integer" } }),
      record("t", { id: 3, n: 1 }),
      '{"type":"RECORD","stream":"t","record":{"id":"3","n":2}}',
      '{"type":"RECORD","stream":"t","record":{"id":"0003","n":3}}',
    ]);
    const found = await database.query('SELECT id, n FROM "t"');
    expect(found.map(({ id, n }) => [Number(id), Number(n)])).toEqual([[3, 2]]);
  });
});
