import { afterEach, beforeEach, describe, expect, test } from "vitest";
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

const missing = { result: 'Missing parameter "api_key" or "auth_token"' };

describe("a key", () => {
  test("is taken from the query or from a form", async () => {
    const inUrl = await fetch(`${countly.url}/o/apps/mine?api_key=${countly.apiKey}`);

    expect(inUrl.status).toBe(200);
    expect((await ask.post("/o/apps/mine")).status).toBe(200);
  });

  test("is none in the header, which takes tokens", async () => {
    const headers = { "countly-token": countly.apiKey };
    const answer = await fetch(`${countly.url}/o/apps/mine`, { headers });

    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({ result: "Token not valid" });
  });

  test("in the form is not seen by a server that takes it in the URL only", async () => {
    countly.faults.keyInUrlOnly = true;

    expect(await ask.statusAndBody("/o/apps/mine")).toEqual([400, missing]);
    const inUrl = await ask.post(`/o/apps/mine?api_key=${countly.apiKey}`);
    expect(inUrl.status).toBe(200);
  });

  test("is missed, and not known, in these words", async () => {
    expect(await ask.statusAndBody("/o/apps/mine", { api_key: "" })).toEqual([400, missing]);
    expect(await ask.statusAndBody("/o/apps/mine", { api_key: "wrong" })).toEqual([
      401,
      { result: "User does not exist" },
    ]);
  });
});

test("a token is taken in the header and as a parameter", async () => {
  const token = countly.workspace.addToken(countly.workspace.admin);
  const inHeader = await fetch(`${countly.url}/o/apps/mine`, {
    headers: { "countly-token": token },
  });

  expect(inHeader.status).toBe(200);
  expect((await ask.post("/o/apps/mine", { api_key: "", auth_token: token })).status).toBe(200);
});

test("a member that is locked is refused everywhere", async () => {
  const app = countly.workspace.addApp();
  countly.workspace.admin.locked = true;

  for (const [path, params] of [
    ["/o/apps/mine", {}],
    ["/o/apps/all", {}],
    ["/o/export/db", { collection: `app_users${app.id}` }],
    ["/o/app_users/consents", { app_id: app.id }],
  ] as const) {
    expect(await ask.statusAndBody(path, params)).toEqual([401, { result: "User is locked" }]);
  }
});

test("an app that is locked is refused with 403 whichever way its users are asked for", async () => {
  const app = countly.workspace.addApp();
  app.locked = true;
  const collection = `app_users${app.id}`;
  const locked = [403, { result: "App is locked" }];

  expect(await ask.statusAndBody("/o/export/db", { collection })).toEqual(locked);
  expect(await ask.statusAndBody("/o/app_users/consents", { app_id: app.id })).toEqual(locked);
  expect(await ask.statusAndBody("/o/db", { dbs: "countly", collection })).toEqual(locked);
  expect(await ask.statusAndBody("/o/apps/details", { app_id: app.id })).toEqual(locked);
});

test("too many requests are refused without a word on how long to wait", async () => {
  countly.faults.rateLimit = { allow: 1, refuse: 2 };
  const answers = [];
  for (let request = 0; request < 4; request += 1) answers.push(await ask.post("/o/apps/mine"));

  expect(answers.map(({ status }) => status)).toEqual([200, 429, 429, 200]);
  expect(answers[1]?.headers.get("retry-after")).toBeNull();
  expect(await answers[1]?.json()).toEqual({ result: "Too Many Requests" });
});

test("every request is on record, with its URL, its headers and its form", async () => {
  await ask.post("/o/apps/mine?x=1", { y: "2" });

  expect(countly.requests).toMatchObject([
    { method: "POST", params: { x: "1", y: "2", api_key: countly.apiKey } },
  ]);
  expect(countly.requests[0]?.url.search).toBe("?x=1");
});

describe("rights", () => {
  const collectionOf = (app: { readonly id: string }) => ({ collection: `app_users${app.id}` });

  test("decide which way of reading is open to a member", async () => {
    const app = countly.workspace.addApp({ users: 1 });
    const member = countly.workspace.addMember({ rights: { [app.id]: [] } });
    const statuses = async () => {
      const api_key = member.apiKey;
      const answers = [
        await ask.post("/o/export/db", { api_key, ...collectionOf(app) }),
        await ask.post("/o/app_users/consents", { api_key, app_id: app.id }),
        await ask.post("/o/db", { api_key, dbs: "countly", ...collectionOf(app) }),
      ];
      return answers.map(({ status }) => status);
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

  test("are refused in these words", async () => {
    const app = countly.workspace.addApp();
    const { apiKey: api_key } = countly.workspace.addMember({ rights: { [app.id]: [] } });

    expect(await ask.statusAndBody("/o/export/db", { api_key, ...collectionOf(app) })).toEqual([
      401,
      { result: "User does not have access right for this collection" },
    ]);
    expect(await ask.statusAndBody("/o/app_users/consents", { api_key, app_id: app.id })).toEqual([
      401,
      { result: "User does not have right" },
    ]);
    expect(
      await ask.statusAndBody("/o/db", { api_key, dbs: "countly", ...collectionOf(app) }),
    ).toEqual([401, { result: "User does not have right to view this collection" }]);
  });

  test("of one app say nothing about another", async () => {
    const [app, other] = [countly.workspace.addApp(), countly.workspace.addApp()];
    const { apiKey: api_key } = countly.workspace.addMember({ rights: { [app.id]: "admin" } });

    expect((await ask.post("/o/export/db", { api_key, ...collectionOf(other) })).status).toBe(401);
    expect((await ask.post("/o/apps/details", { api_key, app_id: other.id })).status).toBe(401);
  });
});
