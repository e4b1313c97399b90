import { afterEach, beforeEach, expect, test } from "vitest";
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

test("apps come as maps by id, with key and salt", async () => {
  const app = countly.workspace.addApp({ fields: { name: "Maps", salt: "secret" } });

  const expected = {
    _id: app.id,
    name: "Maps",
    category: "6",
    country: "DE",
    key: app.key,
    salt: "secret",
    timezone: "Europe/Berlin",
  };
  const maps = { admin_of: { [app.id]: expected }, user_of: { [app.id]: expected } };
  expect(await client.json("/o/apps/all")).toEqual(maps);
  expect(await client.json("/o/apps/mine")).toEqual(maps);
});

test("a member sees the apps that it administers and those that it may read", async () => {
  const [mine, ours] = [countly.workspace.addApp(), countly.workspace.addApp()];
  countly.workspace.addApp();
  const rights = { [mine.id]: "admin", [ours.id]: [] } as const;
  const { apiKey: api_key } = countly.workspace.addMember({ rights });

  const { admin_of, user_of } = await client.record("/o/apps/mine", { api_key });
  expect(Object.keys(admin_of as object)).toEqual([mine.id]);
  expect(Object.keys(user_of as object)).toEqual([mine.id, ours.id]);
  expect(await client.statusAndBody("/o/apps/all", { api_key })).toEqual([
    401,
    { result: "User does not have right" },
  ]);
});

test("an app's details have its times and owner, and are for administrators only", async () => {
  const app = countly.workspace.addApp({ fields: { last_data: 1_700_000_000 } });
  const user = app.addUser();
  const reader = countly.workspace.addMember({ rights: { [app.id]: ["export"] } });

  const { admin } = countly.workspace;
  expect(await client.json("/o/apps/details", { app_id: app.id })).toMatchObject({
    app: {
      owner: "Ada",
      owner_id: admin.id,
      created_at: app.fields["created_at"],
      edited_at: app.fields["edited_at"],
      last_data: 1_700_000_000,
      last_data_users: user["lac"],
    },
    global_admin: [{ _id: admin.id, full_name: "Ada" }],
    user: [{ _id: reader.id }],
  });
  const rejected = await client.post("/o/apps/details", { app_id: app.id, api_key: reader.apiKey });
  expect(rejected.status).toBe(401);
});

test("a missing or unknown app id is rejected", async () => {
  expect(await client.statusAndBody("/o/apps/details")).toEqual([
    401,
    { result: "No app_id provided" },
  ]);
  expect(await client.statusAndBody("/o/apps/details", { app_id: "0".repeat(24) })).toEqual([
    401,
    { result: "App does not exist" },
  ]);
});

test("changing an app moves edited_at, and a deleted app disappears", async () => {
  const app = countly.workspace.addApp();
  countly.workspace.updateApp(app.id, { name: "Renamed" });

  expect(app.fields).toMatchObject({ name: "Renamed", created_at: expect.any(Number) as number });
  expect(app.fields["edited_at"]).not.toBe(app.fields["created_at"]);
  countly.workspace.deleteApp(app.id);
  expect(await client.json("/o/apps/all")).toEqual({ admin_of: {}, user_of: {} });
});

test("with failingDatabase lists are empty with 200, and apps do not exist", async () => {
  const app = countly.workspace.addApp({ users: 3 });
  countly.faults.failingDatabase = true;

  expect(await client.json("/o/apps/all")).toEqual({ admin_of: {}, user_of: {} });
  expect(await client.json("/o/apps/mine")).toEqual({ admin_of: {}, user_of: {} });
  expect(await client.exported(app)).toEqual([]);
  expect(await client.statusAndBody("/o/app_users/consents", { app_id: app.id })).toEqual([
    401,
    { result: "App does not exist" },
  ]);
});

test("members are listed with their keys", async () => {
  const { admin } = countly.workspace;

  expect(await client.json("/o/users/me")).toMatchObject({
    api_key: countly.apiKey,
    _id: admin.id,
  });
  expect(await client.json("/o/users/all")).toMatchObject({ [admin.id]: { full_name: "Ada" } });
});

test("the features of Enterprise are an invalid path or method on Community, even without a key", async () => {
  const app_id = countly.workspace.addApp().id;
  const params = { method: "user_details", app_id, api_key: "" };

  expect(await client.statusAndBody("/o/groups")).toEqual([400, { result: "Invalid path" }]);
  expect(await client.statusAndBody("/o", params)).toEqual([400, { result: "Invalid method" }]);
  expect(await client.statusAndBody("/o", { method: "user_details" })).toEqual([
    400,
    { result: 'Missing parameter "app_id"' },
  ]);
});

test("an unknown path below apps gives the valid ones", async () => {
  expect(await client.statusAndBody("/o/apps/none")).toEqual([
    400,
    { result: "Invalid path, must be one of /all, /mine, /details or /plugins" },
  ]);
});
