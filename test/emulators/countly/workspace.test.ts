import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { CountlyApp } from "../../../src/emulators/countly/app.ts";
import { CountlyClock } from "../../../src/emulators/countly/clock.ts";
import { demoWorkspace } from "../../../src/emulators/countly/demo-workspace.ts";
import { CountlyWorkspace } from "../../../src/emulators/countly/workspace.ts";
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

describe("a user", () => {
  test("has an id that derives from the app's key and the device", () => {
    const app = countly.workspace.addApp({ fields: { key: "k" } });

    const expected = createHash("sha1").update("kphone").digest("hex");
    expect(app.addUser({ did: "phone" })._id).toBe(expected);
  });

  test("gets a new last_sync when changed, unless the change is silent", async () => {
    const app = countly.workspace.addApp();
    const { _id, last_sync } = app.addUser();
    const now = async () => (await client.exported(app))[0];

    app.updateUser(_id, { name: "Ada", "custom.plan": "pro" }, { silently: true });
    expect(await now()).toMatchObject({ name: "Ada", custom: { plan: "pro" }, last_sync });
    countly.workspace.clock.advance(60_000);
    app.updateUser(_id, { name: undefined });
    expect(await now()).not.toHaveProperty("name");
    expect((await now())?.["last_sync"]).toBeGreaterThan(Number(last_sync) + 59);
  });

  test("disappears when merged into another, whose last_sync does not change", async () => {
    const app = countly.workspace.addApp();
    const anonymous = app.addUser({ sc: 3, tsd: 100, name: "Ada", custom: { a: 1, b: 1 } });
    const identified = app.addUser({ sc: 4, tsd: 20, custom: { b: 2 } });
    countly.workspace.clock.advance(60_000);

    app.mergeUsers(anonymous._id, identified._id);
    expect(await client.exported(app)).toMatchObject([
      {
        _id: identified._id,
        did: identified["did"],
        last_sync: identified["last_sync"],
        name: "Ada",
        sc: 7,
        tsd: 120,
        custom: { a: 1, b: 2 },
      },
    ]);
  });
});

test.each([
  ["seconds", "number", 10],
  ["milliseconds", "number", 13],
  ["strings", "string", 10],
] as const)("an app may store timestamps as %s", async (stamps, type, digits) => {
  const app = countly.workspace.addApp({ timestampFormat: stamps, users: 1 });
  app.addUser();

  for (const { first_sync, last_sync } of await client.exported(app)) {
    expect([typeof first_sync, typeof last_sync]).toEqual([type, type]);
    expect(String(last_sync)).toHaveLength(digits);
  }
});

test("an app may mix seconds and milliseconds", async () => {
  const app = countly.workspace.addApp({ timestampFormat: "mixed", users: 50 });

  const digits = (await client.exported(app)).map(({ last_sync }) => String(last_sync).length);
  expect(new Set(digits)).toEqual(new Set([10, 13]));
});

describe("synthetic users", () => {
  const sorted = (app: CountlyApp, params = {}) =>
    client.exported(app, { sort: JSON.stringify({ _id: 1 }), ...params });

  test("are sorted by id together with added and changed users, without deleted ones", async () => {
    const app = countly.workspace.addApp({ users: 40 });
    const before = await sorted(app);
    const [first, second, third] = before.map(({ _id }) => String(_id));
    app.deleteUser(String(first));
    app.updateUser(String(second), { name: "changed" });
    for (let number = 0; number < 20; number += 1) app.addUser({ did: `added-${number}` });

    const after = await sorted(app);
    const ids = after.map(({ _id }) => String(_id));
    expect(app.users.size).toBe(59);
    expect(ids).toHaveLength(59);
    expect(ids).toEqual(ids.toSorted());
    expect(ids).not.toContain(first);
    expect(after.find(({ _id }) => _id === second)).toMatchObject({ name: "changed" });
    expect(after.find(({ _id }) => _id === third)).toEqual(before[2]);
    const descending = await sorted(app, { sort: JSON.stringify({ _id: -1 }) });
    expect(descending).toEqual(after.toReversed());
  });

  test("can be selected by ranges of ids, with inclusive and exclusive ends", async () => {
    const app = countly.workspace.addApp({ users: 10 });
    for (let number = 0; number < 10; number += 1) app.addUser({ did: `added-${number}` });
    const all = (await sorted(app)).map(({ _id }) => String(_id));
    const between = async (range: object) => {
      const found = await sorted(app, { query: JSON.stringify({ _id: range }) });
      return found.map(({ _id }) => _id);
    };

    expect(await between({ $gt: all[3], $lt: all[9] })).toEqual(all.slice(4, 9));
    expect(await between({ $gte: all[3], $lte: all[9] })).toEqual(all.slice(3, 10));
    expect(await between({ $eq: all[5] })).toEqual([all[5]]);
  });

  test("can be a million, read in pages and by last_sync", async () => {
    const apps = Array.from({ length: 20 }, () => countly.workspace.addApp({ users: 50_000 }));
    const app = apps.at(-1);
    if (!app) throw new Error("no app");

    const page = await sorted(app, { limit: "1000" });
    expect(page).toHaveLength(1000);
    const since = { last_sync: { $gte: Math.floor(countly.workspace.clock.nowMs / 1000) - 3600 } };
    const recent = await sorted(app, { query: JSON.stringify(since) });
    expect(recent.length).toBeGreaterThan(0);
    expect(recent.length).toBeLessThan(100);
  });
});

test("the demo has apps of different sizes, users with and without a name, and groups", () => {
  const workspace = demoWorkspace();
  const sizes = workspace.apps.map(({ users }) => users.size);
  const named = workspace.apps.flatMap(({ users }) =>
    [...users.rows()].filter((row) => row.member("name") !== undefined),
  );

  expect(sizes).toEqual([259, 189, 69]);
  expect(named.length).toBeGreaterThan(100);
  expect(workspace.groups).toHaveLength(2);
});

test("the clock moves only by advance or when a timestamp is taken", () => {
  const clock = new CountlyClock({ start: "2025-01-01T00:00:00Z" });
  const workspace = new CountlyWorkspace({ clock });
  const before = clock.nowMs;
  clock.advance(5000);

  expect(clock.nowMs).toBe(before + 5000);
  const app = workspace.addApp();
  expect(Number(app.addUser()["last_sync"]) * 1000).toBeGreaterThan(before + 5000);
});
