import { describe, expect, test } from "vitest";
import { describeConnector } from "../../src/connector/about.ts";
import { c8Sample, c8Schema } from "../../src/connector/c8-schema.ts";
import { collectionKeys, renameReservedColumns } from "../../src/connector/reserved-keys.ts";
import type { Columns } from "../../src/core/schema.ts";
import type { Stream } from "../../src/core/source.ts";
import { loadSource, serviceNames } from "../../src/sources/registry.ts";

/** Accepted by `wandb` because earlier versions had it, and told to nobody. */
const obsoleteKey = "lookback_minutes";

describe("a column with a reserved name", () => {
  test.each([
    [["_id", "a"], ["a"], ["__id", "a"]],
    [["_id", "__id", "a"], ["a"], ["___id", "__id", "a"]],
    [["_key", "_rev", "a"], ["_key"], ["_key", "__rev", "a"]],
    [
      ["_key", "a"],
      ["a", "_key"],
      ["__key", "a"],
    ],
    [["_Key", "id", "key"], ["id"], ["_Key", "id", "key"]],
  ])("%j with the key %j becomes %j", (columns, primaryKey, names) => {
    expect([...renameReservedColumns(columns, primaryKey, collectionKeys).values()]).toEqual(names);
  });

  test("keeps its name if the target has no fixed primary key and does not reserve it", () => {
    expect([...renameReservedColumns(["", "_key", "id"], ["id"], ["", "id"]).values()]).toEqual([
      "_",
      "_key",
      "_id",
    ]);
  });
});

const columns = {
  id: "integer",
  on: "boolean",
  share: "double",
  price: "decimal",
  day: "date",
  at: "timestamp",
  name: "string",
  bytes: "binary",
  raw: "json",
} as const satisfies Columns;

const stream: Stream = {
  name: "thing",
  columns,
  primaryKey: ["id"],
  // eslint-disable-next-line @typescript-eslint/require-await -- there is nothing to read
  async *read() {
    yield* [];
  },
};

test("each column type maps to an attribute type of the contract", () => {
  const types = c8Schema(stream).attributes.map(({ type }) => type);
  expect(types).toEqual([
    ...["long", "bool", "double", "string", "string", "string", "string", "string", "object"],
  ]);
});

test("a sample contains every value without rounding, and null for missing ones", () => {
  const row = {
    id: "9007199254740993",
    on: false,
    share: 0,
    price: "0.10",
    at: "2026-01-01T01:00:00+01:00",
    name: "",
    bytes: Buffer.from("hi"),
    raw: '{"a":[1,null]}',
  };
  const exact = { id: 1, raw: '{"n":12345678901234567890}' };
  const { data } = c8Sample(stream, [row, exact, { id: "no number" }]);
  expect(JSON.parse(JSON.stringify(data))).toMatchObject([
    {
      id: "9007199254740993",
      on: false,
      share: 0,
      price: "0.10",
      day: null,
      at: "2026-01-01T00:00:00.000000Z",
      name: "",
      bytes: "aGk=",
      raw: { a: [1, null] },
    },
    { id: 1, raw: '{"n":12345678901234567890}', name: null },
    { id: "no number" },
  ]);
});

describe.each(serviceNames)("about %s", (name) => {
  test("describes every configuration key with a type of the contract", async () => {
    const source = await loadSource(name);
    const about = describeConnector(source, "1.2.3");
    expect(about).toMatchObject({
      name,
      package_name: `rivulet_source_${name}`,
      version: "1.2.3",
      type: "source",
      reserved_keys: [],
    });
    const current = Object.keys(source.config.shape).filter(
      (key) => name !== "wandb" || key !== obsoleteKey,
    );
    expect(about.config.map((property) => property.name)).toEqual(current);
    const types = ["string", "integer", "boolean", "password", "options", "array", "object"];
    for (const { type, description, options } of about.config) {
      expect(types).toContain(type);
      expect(description).not.toBe("");
      expect(options !== undefined).toBe(type === "options");
    }
  });
});

test("about shows a field's label and placeholder, and whether it depends on another", async () => {
  const { config } = describeConnector(await loadSource("example"), "1");
  expect(config).toContainEqual(
    expect.objectContaining({
      name: "client_id",
      display_name: "Client ID",
      placeholder_value: "your_client_id_here",
      is_dynamic: true,
      type: "password",
    }),
  );
});

test("about distinguishes secrets, choices, lists and objects", async () => {
  const { config } = describeConnector(await loadSource("wandb"), "1");
  const types = Object.fromEntries(config.map(({ name, type }) => [name, type]));
  expect(types).toMatchObject({
    api_key: "password",
    entity: "string",
    projects: "array",
    api: "options",
    page_size: "integer",
    filters: "object",
  });
});
