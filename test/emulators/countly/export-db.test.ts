import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { CountlyApp } from "../../../src/emulators/countly/app.ts";
import { startCountly } from "../../support/countly.ts";
import type { Countly } from "../../support/countly.ts";
import { countlyClient } from "./client.ts";

let countly: Countly;
let client: ReturnType<typeof countlyClient>;

beforeEach(async () => {
  countly = await startCountly();
  client = countlyClient(countly);
});

afterEach(async () => {
  await countly[Symbol.asyncDispose]();
});

function appWith(users: number): CountlyApp {
  const app = countly.workspace.addApp();
  for (let number = 0; number < users; number += 1) app.addUser({ did: `d${number}` });
  return app;
}

const byId = JSON.stringify({ _id: 1 });

/** The ids of all users, read in pages by the last id until an empty page. */
async function readIds(app: CountlyApp, limit: number): Promise<unknown[]> {
  const ids: unknown[] = [];
  for (;;) {
    const query = JSON.stringify(ids.length > 0 ? { _id: { $gt: ids.at(-1) } } : {});
    const page = await client.exported(app, { query, sort: byId, limit: String(limit) });
    if (page.length === 0 || ids.length > app.users.size) return ids;
    ids.push(...page.map(({ _id }) => _id));
  }
}

test("users come as a bare array of documents, with dates as text", async () => {
  const app = countly.workspace.addApp();
  const user = app.addUser({ did: "one", name: "Ada", custom: { plan: "pro" } });

  const [exported] = await client.exported(app);
  const lu = user["lu"];
  expect(exported).toEqual({ ...user, lu: lu instanceof Date ? lu.toISOString() : undefined });
  expect(exported?.["_id"]).toMatch(/^[0-9a-f]{40}$/);
});

test("the array is streamed, without content-length", async () => {
  const app = appWith(1);
  const response = await client.post("/o/export/db", { collection: `app_users${app.id}` });

  expect(response.headers.get("content-length")).toBeNull();
  expect(response.headers.get("content-type")).toBe("application/json; charset=utf-8");
});

test("paging by the last id gives every user once, whatever is added or deleted meanwhile", async () => {
  const app = appWith(23);
  const before = (await client.exported(app, { sort: byId })).map(({ _id }) => _id);
  let pages = 0;
  countly.faults.onPage = () => {
    pages += 1;
    if (pages === 2) app.deleteUser(String(before[0]));
    if (pages === 3) app.addUser({ did: "late" });
  };

  const ids = await readIds(app, 5);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids).toEqual(expect.arrayContaining(before));
});

describe("a limit", () => {
  test("above the server's own is lowered silently", async () => {
    const app = countly.workspace.addApp({ users: 10_001 });

    expect(await client.exported(app, { limit: "10001" })).toHaveLength(10_000);
  });

  test("of the server can be changed", async () => {
    const app = appWith(7);
    countly.faults.exportLimit = 3;

    expect(await client.exported(app, { limit: "5" })).toHaveLength(3);
    expect(await client.exported(app, { limit: "2" })).toHaveLength(2);
  });

  test("does not exist by default", async () => {
    const app = countly.workspace.addApp({ users: 10_001 });

    expect(await client.exported(app)).toHaveLength(10_001);
  });
});

test("a database error ends the array early, closed and with 200", async () => {
  const app = appWith(9);
  countly.faults.truncateExport = { afterRows: 4 };

  expect(await client.exported(app)).toHaveLength(4);
  expect(await client.exported(app, { limit: "3" })).toHaveLength(3);
});

test("a query that the database rejects finds nothing, with 200", async () => {
  expect(await client.exported(appWith(2), { query: `{"did":{"$near":1}}` })).toEqual([]);
});

test("an invalid query and a missing collection are rejected", async () => {
  const collection = `app_users${appWith(1).id}`;

  expect(await client.statusAndBody("/o/export/db", { collection, query: "{" })).toEqual([
    400,
    { result: expect.stringMatching(/^Failed to parse query\. /) as string },
  ]);
  expect(await client.statusAndBody("/o/export/db")).toEqual([
    400,
    { result: 'Missing parameter "collection"' },
  ]);
});

test("an app that does not exist has no users, for a global administrator, with 200", async () => {
  expect(await client.json("/o/export/db", { collection: `app_users${"0".repeat(24)}` })).toEqual(
    [],
  );
});

test("ignoreSkip repeats the first page", async () => {
  const app = appWith(4);
  const page = (skip: string) => client.exported(app, { skip, limit: "2", sort: byId });

  expect(await page("2")).not.toEqual(await page("0"));
  countly.faults.ignoreSkip = true;
  expect(await page("2")).toEqual(await page("0"));
});

test("ignoreKeyset repeats the first page", async () => {
  const app = appWith(6);
  const [first] = await client.exported(app, { limit: "1", sort: byId });
  const after = { _id: { $gt: first?.["_id"] } };
  const page = (query: object) =>
    client.exported(app, { query: JSON.stringify(query), limit: "1", sort: byId });

  expect(await page(after)).not.toEqual([first]);
  countly.faults.ignoreKeyset = true;
  expect(await page(after)).toEqual([first]);
  expect(await page({ $and: [after, { sc: 1 }] })).toEqual([first]);
});

test("without the export the path is invalid", async () => {
  countly.faults.missingFeatures = ["export"];

  expect(await client.statusAndBody("/o/export/db", { collection: "x" })).toEqual([
    400,
    { result: "Invalid path" },
  ]);
});

test("a projection always has the id", async () => {
  const app = countly.workspace.addApp();
  const { _id } = app.addUser({ did: "one", custom: { a: 1, b: 2 } });
  const projected = (projection: object) =>
    client.exported(app, { projection: JSON.stringify(projection) });

  expect(await projected({ did: 1, "custom.b": 1, _id: 0 })).toEqual([
    { _id, did: "one", custom: { b: 2 } },
  ]);
  const [rest] = await projected({ custom: 0, lu: 0 });
  expect(rest).toMatchObject({ _id, did: "one" });
  expect(rest).not.toHaveProperty("custom");
});
