import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { CountlyApp } from "../../../src/emulators/countly/app.ts";
import { startCountly } from "../../support/countly.ts";
import type { Countly } from "../../support/countly.ts";
import { countlyClient } from "./client.ts";

let countly: Countly;
let ask: ReturnType<typeof countlyClient>;

beforeEach(async () => {
  countly = await startCountly();
  ask = countlyClient(countly);
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

/** All pages by the last id of the one before, until an empty one. */
async function walk(app: CountlyApp, limit: number): Promise<unknown[]> {
  const ids: unknown[] = [];
  for (;;) {
    const query = JSON.stringify(ids.length > 0 ? { _id: { $gt: ids.at(-1) } } : {});
    const page = await ask.exported(app, { query, sort: byId, limit: String(limit) });
    if (page.length === 0 || ids.length > app.users.size) return ids;
    ids.push(...page.map(({ _id }) => _id));
  }
}

test("users come as a bare array of their documents, dates as text", async () => {
  const app = countly.workspace.addApp();
  const user = app.addUser({ did: "one", name: "Ada", custom: { plan: "pro" } });

  const [exported] = await ask.exported(app);
  const lu = user["lu"];
  expect(exported).toEqual({ ...user, lu: lu instanceof Date ? lu.toISOString() : undefined });
  expect(exported?.["_id"]).toMatch(/^[0-9a-f]{40}$/);
});

test("the array is streamed, without its length", async () => {
  const app = appWith(1);
  const answer = await ask.post("/o/export/db", { collection: `app_users${app.id}` });

  expect(answer.headers.get("content-length")).toBeNull();
  expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
});

test("pages by the last id show every user once, whatever is added or deleted meanwhile", async () => {
  const app = appWith(23);
  const before = (await ask.exported(app, { sort: byId })).map(({ _id }) => _id);
  let pages = 0;
  countly.faults.onPage = () => {
    pages += 1;
    if (pages === 2) app.deleteUser(String(before[0]));
    if (pages === 3) app.addUser({ did: "late" });
  };

  const ids = await walk(app, 5);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids).toEqual(expect.arrayContaining(before));
});

describe("a limit", () => {
  test("above the server's own is lowered without a word", async () => {
    const app = countly.workspace.addApp({ users: 10_001 });

    expect(await ask.exported(app, { limit: "10001" })).toHaveLength(10_000);
  });

  test("of the server may be another one", async () => {
    const app = appWith(7);
    countly.faults.exportLimit = 3;

    expect(await ask.exported(app, { limit: "5" })).toHaveLength(3);
    expect(await ask.exported(app, { limit: "2" })).toHaveLength(2);
  });

  test("that is not asked for is none", async () => {
    const app = countly.workspace.addApp({ users: 10_001 });

    expect(await ask.exported(app)).toHaveLength(10_001);
  });
});

test("an error of the database ends the array early, closed and with 200", async () => {
  const app = appWith(9);
  countly.faults.truncateExport = { afterRows: 4 };

  expect(await ask.exported(app)).toHaveLength(4);
  expect(await ask.exported(app, { limit: "3" })).toHaveLength(3);
});

test("a query that the database refuses finds nothing, with 200", async () => {
  expect(await ask.exported(appWith(2), { query: `{"did":{"$near":1}}` })).toEqual([]);
});

test("a query that is no JSON is refused", async () => {
  const collection = `app_users${appWith(1).id}`;

  expect(await ask.statusAndBody("/o/export/db", { collection, query: "{" })).toEqual([
    400,
    { result: expect.stringMatching(/^Failed to parse query\. /) as string },
  ]);
  expect(await ask.statusAndBody("/o/export/db")).toEqual([
    400,
    { result: 'Missing parameter "collection"' },
  ]);
});

test("an app that does not exist has no users, for a global administrator, with 200", async () => {
  expect(await ask.json("/o/export/db", { collection: `app_users${"0".repeat(24)}` })).toEqual([]);
});

test("a server that ignores skip repeats its first page", async () => {
  const app = appWith(4);
  const page = (skip: string) => ask.exported(app, { skip, limit: "2", sort: byId });

  expect(await page("2")).not.toEqual(await page("0"));
  countly.faults.ignoreSkip = true;
  expect(await page("2")).toEqual(await page("0"));
});

test("a server that ignores conditions on the id repeats its first page", async () => {
  const app = appWith(6);
  const [first] = await ask.exported(app, { limit: "1", sort: byId });
  const after = { _id: { $gt: first?.["_id"] } };
  const page = (query: object) =>
    ask.exported(app, { query: JSON.stringify(query), limit: "1", sort: byId });

  expect(await page(after)).not.toEqual([first]);
  countly.faults.ignoreKeyset = true;
  expect(await page(after)).toEqual([first]);
  expect(await page({ $and: [after, { sc: 1 }] })).toEqual([first]);
});

test("a server without the export calls its path invalid", async () => {
  countly.faults.missingFeatures = ["export"];

  expect(await ask.statusAndBody("/o/export/db", { collection: "x" })).toEqual([
    400,
    { result: "Invalid path" },
  ]);
});

test("a projection always shows the id", async () => {
  const app = countly.workspace.addApp();
  const { _id } = app.addUser({ did: "one", custom: { a: 1, b: 2 } });
  const projected = (projection: object) =>
    ask.exported(app, { projection: JSON.stringify(projection) });

  expect(await projected({ did: 1, "custom.b": 1, _id: 0 })).toEqual([
    { _id, did: "one", custom: { b: 2 } },
  ]);
  const [rest] = await projected({ custom: 0, lu: 0 });
  expect(rest).toMatchObject({ _id, did: "one" });
  expect(rest).not.toHaveProperty("custom");
});
