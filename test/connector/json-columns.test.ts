import { expect, test } from "vitest";
import { databases } from "../support/databases.ts";
import { startServer } from "../support/http-server.ts";
import { newFolder, run } from "../support/program.ts";

const answer = `[
  {"id": "a", "price": 0.1234567890123456789, "count": 1234567890123456789, "detail": {"a": [12345678901234567890, 0.30000000000000000001, -0, "é"], "b": {}}},
  {"id": "b", "detail": [1, null]},
  {"id": "c", "detail": 12345678901234567890},
  {"id": "d", "detail": true},
  {"id": "e", "detail": null}
]`;

/** A source whose own read() puts what it has parsed, and what JSON cannot hold, into columns. */
const parsingSource = `
import { newClient, z } from "rivulet/connector";

const cyclic = { id: 1 };
cyclic.self = cyclic;

export const connector = {
  kind: "source",
  name: "parsing",
  title: "Parsing",
  config: z.object({ base_url: z.string(), odd: z.boolean() }),
  identity: () => "here",
  streams: ({ base_url, odd }, context) => [
    {
      name: "item",
      columns: { id: "string", price: "decimal", count: "integer", detail: "json" },
      primaryKey: ["id"],
      async *read() {
        const client = newClient({ ...context, baseUrl: base_url });
        const { value } = await client.getJson("items");
        yield { rows: value };
        if (!odd) return;
        yield {
          rows: [
            { id: "m", detail: cyclic },
            { id: "n", detail: { f() {} } },
            { id: "o", detail: { a: undefined } },
            { id: "p", detail: [NaN] },
            { id: "q", price: { a: 1 } },
            { id: "r", detail: "text that is JSON: no" },
          ],
        };
      },
    },
  ],
  check: async () => undefined,
};
`;

async function useSource(odd: boolean) {
  const server = await startServer((_request, response) => {
    response.writeHead(200, { "content-type": "application/json" }).end(answer);
  });
  const folder = await newFolder({
    "parsing.js": parsingSource,
    "package.json": { type: "module" },
    "configuration.json": { parsing: { base_url: server.url, odd } },
  });
  return {
    rivulet: (...args: string[]) =>
      run("rivulet", ["--connector", "./parsing.js", ...args], { cwd: folder.path }),
    async [Symbol.asyncDispose]() {
      await folder[Symbol.asyncDispose]();
      await server.close();
    },
  };
}

test.each(databases)(
  "a json column takes what getJson has parsed, with all digits; what JSON cannot hold is quarantined, on %s",
  async (name, newDatabase) => {
    const database = await newDatabase();
    await using source = await useSource(true);
    try {
      const sync = await source.rivulet("sync", "--destination", database.url);
      expect(sync.stderr).not.toContain("bug in rivulet");
      const rows = await database.query(
        `SELECT id, CAST(price AS TEXT) AS price, CAST(count AS TEXT) AS n, CAST(detail AS TEXT) AS detail
         FROM item WHERE id < 'm' ORDER BY id`,
      );
      expect(
        rows.map(({ detail, ...row }) => [row["id"], String(detail).replace(/\s/g, "")]),
      ).toEqual([
        [
          "a",
          // jsonb knows no negative zero.
          `{"a":[12345678901234567890,0.30000000000000000001,${name === "sqlite" ? "-0" : "0"},"é"],"b":{}}`,
        ],
        ["b", "[1,null]"],
        ["c", "12345678901234567890"],
        ["d", "true"],
        ["e", "null"],
      ]);
      expect(rows[0]).toMatchObject({ price: "0.1234567890123456789", n: "1234567890123456789" });
      const entries = await database.query(
        "SELECT key, reason FROM _rivulet_quarantine WHERE key < '[\"r' ORDER BY key",
      );
      expect(entries).toEqual([
        {
          key: '["m"]',
          reason: 'column "detail": expected JSON, got an object that contains itself',
        },
        { key: '["n"]', reason: 'column "detail": expected JSON, got a function' },
        { key: '["o"]', reason: 'column "detail": expected JSON, got undefined' },
        { key: '["p"]', reason: 'column "detail": expected JSON, got NaN' },
        { key: '["q"]', reason: 'column "price": expected a decimal number, got an object' },
      ]);
      expect(sync.status).toBe(3);
    } finally {
      await database.drop();
    }
  },
);

test("a tap and a sample have the same JSON", async () => {
  await using source = await useSource(false);
  const tap = await source.rivulet("tap");
  expect(tap.stdout).toContain(
    '"detail":{"a":[12345678901234567890,0.30000000000000000001,-0,"é"],"b":{}}',
  );
  const sample = await source.rivulet("sample");
  expect(sample.stdout).not.toContain("[object Object]");
  expect(sample.stdout).toContain('{"a":[12345678901234567890');
});
