import { afterEach, beforeEach, expect, test } from "vitest";
import type { CountlyApp } from "../../../src/emulators/countly/app.ts";
import { startCountly } from "../../support/countly.ts";
import type { Countly } from "../../support/countly.ts";
import { countlyClient, didsOf } from "./client.ts";

let countly: Countly;
let client: ReturnType<typeof countlyClient>;
let app: CountlyApp;

beforeEach(async () => {
  countly = await startCountly();
  client = countlyClient(countly);
  app = countly.workspace.addApp();
  app.addUser({ did: "seconds", last_sync: 1_700_000_000, custom: { plan: "pro", n: 2 } });
  app.addUser({ did: "milliseconds", last_sync: 1_700_000_000_000, custom: { plan: "free" } });
  app.addUser({ did: "string", last_sync: "1700000000", name: null });
  app.addUser({ did: "none", last_sync: undefined, tags: ["a", "b"] });
});

afterEach(async () => {
  await countly[Symbol.asyncDispose]();
});

async function found(query: object): Promise<unknown[]> {
  return didsOf(await client.exported(app, { query: JSON.stringify(query) }));
}

test("only values of the same type compare", async () => {
  expect(await found({ last_sync: { $gte: 1_700_000_000 } })).toEqual(["seconds", "milliseconds"]);
  expect(await found({ last_sync: { $gte: "17" } })).toEqual(["string"]);
  expect(await found({ last_sync: { $gt: 1_700_000_000, $lt: 2e12 } })).toEqual(["milliseconds"]);
  expect(await found({ last_sync: { $lte: 1_700_000_000 } })).toEqual(["seconds"]);
});

test("dates do not compare with text and numbers", async () => {
  expect(await found({ lu: { $gt: "2000-01-01T00:00:00.000Z" } })).toEqual([]);
  expect(await found({ lu: { $gt: 0 } })).toEqual([]);
});

test("dots reach nested members", async () => {
  expect(await found({ "custom.plan": "pro" })).toEqual(["seconds"]);
  expect(await found({ "custom.n": { $gt: 1 } })).toEqual(["seconds"]);
});

test("a missing member equals null and does not exist", async () => {
  expect(await found({ last_sync: null })).toEqual(["none"]);
  expect(await found({ last_sync: { $exists: false } })).toEqual(["none"]);
  expect(await found({ name: { $exists: true } })).toEqual(["string"]);
  expect(await found({ last_sync: { $type: "string" } })).toEqual(["string"]);
});

test("a list matches if one element does", async () => {
  expect(await found({ tags: "b" })).toEqual(["none"]);
  expect(await found({ tags: ["a", "b"] })).toEqual(["none"]);
});

test("conditions can be combined", async () => {
  expect(await found({ did: { $in: ["none", "string"] } })).toEqual(["string", "none"]);
  expect(await found({ did: { $nin: ["none", "string"] }, "custom.n": { $ne: 2 } })).toEqual([
    "milliseconds",
  ]);
  const either = { $or: [{ last_sync: "1700000000" }, { last_sync: { $gt: 1e12 } }] };
  expect(await found(either)).toEqual(["milliseconds", "string"]);
  expect(await found({ $and: [either, { did: "string" }] })).toEqual(["string"]);
});

test("operators that run code are stripped from a query", async () => {
  expect(await found({ $where: "sleep(1000)", did: "none" })).toEqual(["none"]);
});

test("rows are sorted by type, then by value", async () => {
  const sort = JSON.stringify({ last_sync: -1 });

  expect(didsOf(await client.exported(app, { sort }))).toEqual([
    "string",
    "milliseconds",
    "seconds",
    "none",
  ]);
});

test("without a sort the rows are not in the order of their ids", async () => {
  const ids = (await client.exported(app)).map(({ _id }) => String(_id));

  expect(ids).not.toEqual(ids.toSorted());
  const sorted = await client.exported(app, { sort: JSON.stringify({ _id: -1 }) });
  expect(sorted.map(({ _id }) => _id)).toEqual(ids.toSorted().toReversed());
});
