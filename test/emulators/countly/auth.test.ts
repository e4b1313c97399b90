import { afterEach, beforeEach, describe, expect, test } from "vitest";
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

const missing = { result: 'Missing parameter "api_key" or "auth_token"' };

describe("a key", () => {
  test("is accepted in the query and in a form", async () => {
    const inUrl = await fetch(`${countly.url}/o/apps/mine?api_key=${countly.apiKey}`);

    expect(inUrl.status).toBe(200);
    expect((await client.post("/o/apps/mine")).status).toBe(200);
  });

  test("is not accepted in the header, which takes tokens", async () => {
    const headers = { "countly-token": countly.apiKey };
    const response = await fetch(`${countly.url}/o/apps/mine`, { headers });

    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ result: "Token not valid" });
  });

  test("is not accepted in a form with keyInUrlOnly", async () => {
    countly.faults.keyInUrlOnly = true;

    expect(await client.statusAndBody("/o/apps/mine")).toEqual([400, missing]);
    const inUrl = await client.post(`/o/apps/mine?api_key=${countly.apiKey}`);
    expect(inUrl.status).toBe(200);
  });

  test("is required", async () => {
    expect(await client.statusAndBody("/o/apps/mine", { api_key: "" })).toEqual([400, missing]);
  });
});

test("a token is accepted in the header and as a parameter", async () => {
  const token = countly.workspace.addToken(countly.workspace.admin);
  const inHeader = await fetch(`${countly.url}/o/apps/mine`, {
    headers: { "countly-token": token },
  });

  expect(inHeader.status).toBe(200);
  expect((await client.post("/o/apps/mine", { api_key: "", auth_token: token })).status).toBe(200);
});

test("a locked member is rejected everywhere", async () => {
  const app = countly.workspace.addApp();
  countly.workspace.admin.locked = true;

  for (const [path, params] of [
    ["/o/apps/mine", {}],
    ["/o/apps/all", {}],
    ["/o/export/db", { collection: `app_users${app.id}` }],
    ["/o/app_users/consents", { app_id: app.id }],
  ] as const) {
    expect(await client.statusAndBody(path, params)).toEqual([401, { result: "User is locked" }]);
  }
});

test("a locked app is rejected with 403 on all paths", async () => {
  const app = countly.workspace.addApp();
  app.locked = true;
  const collection = `app_users${app.id}`;
  const locked = [403, { result: "App is locked" }];

  expect(await client.statusAndBody("/o/export/db", { collection })).toEqual(locked);
  expect(await client.statusAndBody("/o/app_users/consents", { app_id: app.id })).toEqual(locked);
  expect(await client.statusAndBody("/o/db", { dbs: "countly", collection })).toEqual(locked);
  expect(await client.statusAndBody("/o/apps/details", { app_id: app.id })).toEqual(locked);
});

describe("rights", () => {
  const collectionOf = (app: { readonly id: string }) => ({ collection: `app_users${app.id}` });

  test("decide which paths a member may read", async () => {
    const app = countly.workspace.addApp({ users: 1 });
    const member = countly.workspace.addMember({ rights: { [app.id]: [] } });
    const statuses = async () => {
      const api_key = member.apiKey;
      const responses = [
        await client.post("/o/export/db", { api_key, ...collectionOf(app) }),
        await client.post("/o/app_users/consents", { api_key, app_id: app.id }),
        await client.post("/o/db", { api_key, dbs: "countly", ...collectionOf(app) }),
      ];
      return responses.map(({ status }) => status);
    };

    expect(await statuses()).toEqual([401, 401, 401]);
    member.rights = { [app.id]: ["dbviewer"] };
    expect(await statuses()).toEqual([401, 401, 200]);
    member.rights = { [app.id]: ["compliance_hub"] };
    expect(await statuses()).toEqual([401, 200, 401]);
    member.rights = { [app.id]: ["export"] };
    expect(await statuses()).toEqual([200, 401, 401]);
    member.rights = { [app.id]: "admin" };
    expect(await statuses()).toEqual([200, 200, 200]);
  });

  test("give different messages on each path if they are missing", async () => {
    const app = countly.workspace.addApp();
    const { apiKey: api_key } = countly.workspace.addMember({ rights: { [app.id]: [] } });

    expect(await client.statusAndBody("/o/export/db", { api_key, ...collectionOf(app) })).toEqual([
      401,
      { result: "User does not have access right for this collection" },
    ]);
    expect(
      await client.statusAndBody("/o/app_users/consents", { api_key, app_id: app.id }),
    ).toEqual([401, { result: "User does not have right" }]);
    expect(
      await client.statusAndBody("/o/db", { api_key, dbs: "countly", ...collectionOf(app) }),
    ).toEqual([401, { result: "User does not have right to view this collection" }]);
  });

  test("of one app do not apply to another", async () => {
    const [app, other] = [countly.workspace.addApp(), countly.workspace.addApp()];
    const { apiKey: api_key } = countly.workspace.addMember({ rights: { [app.id]: "admin" } });

    expect((await client.post("/o/export/db", { api_key, ...collectionOf(other) })).status).toBe(
      401,
    );
    expect((await client.post("/o/apps/details", { api_key, app_id: other.id })).status).toBe(401);
  });
});
