import { afterEach, beforeEach, expect, test } from "vitest";
import { startCountly } from "../../support/countly.ts";
import type { Countly } from "../../support/countly.ts";
import { countlyClient, didsOf } from "./client.ts";

let countly: Countly;
let client: ReturnType<typeof countlyClient>;

beforeEach(async () => {
  countly = await startCountly();
  client = countlyClient(countly);
});

afterEach(async () => {
  await countly[Symbol.asyncDispose]();
});

test("a page has 20 users by default, with their number and the pages", async () => {
  const app = countly.workspace.addApp({ users: 45 });

  const { collections, ...page } = await client.viewed(app);
  expect(collections).toHaveLength(20);
  expect(page).toEqual({ limit: 20, start: 1, end: 20, total: 45, pages: 3, curPage: 1 });
  expect(await client.viewed(app, { limit: "30", skip: "30" })).toMatchObject({
    start: 31,
    end: 45,
    curPage: 2,
  });
});

test("dates are EJSON, in documents and in filters", async () => {
  const app = countly.workspace.addApp();
  app.addUser({ did: "old", lu: new Date("2024-01-01T00:00:00Z") });
  app.addUser({ did: "new", lu: new Date("2025-01-01T00:00:00.250Z") });
  const since = (text: string) => JSON.stringify({ lu: { $gt: { $date: text } } });

  const { collections } = await client.viewed(app);
  expect(collections).toMatchObject([
    { did: "old", lu: { $date: "2024-01-01T00:00:00Z" } },
    { did: "new", lu: { $date: "2025-01-01T00:00:00.250Z" } },
  ]);
  const later = await client.viewed(app, { filter: since("2024-06-01T00:00:00Z") });
  expect(didsOf(later.collections)).toEqual(["new"]);
  expect(later.total).toBe(1);
});

test("an unknown database and an invalid filter are rejected", async () => {
  const collection = `app_users${countly.workspace.addApp().id}`;

  expect(await client.statusAndBody("/o/db", { dbs: "other", collection })).toEqual([
    404,
    { result: "Database not found." },
  ]);
  expect(await client.statusAndBody("/o/db", { dbs: "countly", collection, filter: "{" })).toEqual([
    400,
    { result: expect.stringMatching(/^Failed to parse query\. /) as string },
  ]);
  expect(
    (await client.post("/o/db", { dbs: "countly", collection, filter: `{"$a":1}` })).status,
  ).toBe(500);
});

test("without the plugin the path is invalid", async () => {
  countly.faults.missingFeatures = ["dbviewer"];

  expect(await client.statusAndBody("/o/db")).toEqual([400, { result: "Invalid path" }]);
});
