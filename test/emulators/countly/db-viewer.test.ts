import { afterEach, beforeEach, expect, test } from "vitest";
import { startCountly } from "../../support/countly.ts";
import type { Countly } from "../../support/countly.ts";
import { countlyClient, didsOf } from "./client.ts";

let countly: Countly;
let ask: ReturnType<typeof countlyClient>;

beforeEach(async () => {
  countly = await startCountly();
  ask = countlyClient(countly);
});

afterEach(async () => {
  await countly[Symbol.asyncDispose]();
});

test("a page has twenty users unless more are asked for, and says how many there are", async () => {
  const app = countly.workspace.addApp({ users: 45 });

  const { collections, ...page } = await ask.viewed(app);
  expect(collections).toHaveLength(20);
  expect(page).toEqual({ limit: 20, start: 1, end: 20, total: 45, pages: 3, curPage: 1 });
  expect(await ask.viewed(app, { limit: "30", skip: "30" })).toMatchObject({
    start: 31,
    end: 45,
    curPage: 2,
  });
});

test("dates are EJSON, in what is sent and in what is asked for", async () => {
  const app = countly.workspace.addApp();
  app.addUser({ did: "old", lu: new Date("2024-01-01T00:00:00Z") });
  app.addUser({ did: "new", lu: new Date("2025-01-01T00:00:00.250Z") });
  const since = (text: string) => JSON.stringify({ lu: { $gt: { $date: text } } });

  const { collections } = await ask.viewed(app);
  expect(collections).toMatchObject([
    { did: "old", lu: { $date: "2024-01-01T00:00:00Z" } },
    { did: "new", lu: { $date: "2025-01-01T00:00:00.250Z" } },
  ]);
  const later = await ask.viewed(app, { filter: since("2024-06-01T00:00:00Z") });
  expect(didsOf(later.collections)).toEqual(["new"]);
  expect(later.total).toBe(1);
});

test("a database or a filter that is none is refused in these words", async () => {
  const collection = `app_users${countly.workspace.addApp().id}`;

  expect(await ask.statusAndBody("/o/db", { dbs: "other", collection })).toEqual([
    404,
    { result: "Database not found." },
  ]);
  expect(await ask.statusAndBody("/o/db", { dbs: "countly", collection, filter: "{" })).toEqual([
    400,
    { result: expect.stringMatching(/^Failed to parse query\. /) as string },
  ]);
  expect((await ask.post("/o/db", { dbs: "countly", collection, filter: `{"$a":1}` })).status).toBe(
    500,
  );
});

test("a server without the plugin calls the path invalid", async () => {
  countly.faults.missingFeatures = ["dbviewer"];

  expect(await ask.statusAndBody("/o/db")).toEqual([400, { result: "Invalid path" }]);
});
