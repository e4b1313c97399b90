import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import type { CountlyApp } from "../../../src/emulators/countly/app.ts";
import { startCountly } from "../../support/countly.ts";
import type { Countly } from "../../support/countly.ts";
import { countlyClient, didsOf } from "./client.ts";

let countly: Countly;
let client: ReturnType<typeof countlyClient>;
let app: CountlyApp;

beforeEach(async () => {
  countly = await startCountly({ edition: "original" });
  client = countlyClient(countly);
  app = countly.workspace.addApp({ fields: { name: "Salt & Pepper" }, users: 150 });
});

afterEach(async () => {
  await countly[Symbol.asyncDispose]();
});

const list = z.object({ data: z.array(z.record(z.string(), z.unknown())) });

async function rows(path: string, params: Readonly<Record<string, string>> = {}) {
  return list.parse(await client.json(path, params)).data;
}

test("apps, groups and users are lists in `data`, without escaping", async () => {
  countly.workspace.addGroup({ name: "R & D", user_count: 3 });

  expect(await rows("/o/apps/all")).toMatchObject([{ _id: app.id, name: "Salt & Pepper" }]);
  expect(await rows("/o/groups")).toMatchObject([{ name: "R & D", user_count: 3 }]);
  expect(await rows("/o/users/all", { app_id: app.id, limit: "1" })).toMatchObject([
    { app_id: app.id, did: "device-1", sc: 1 },
  ]);
});

test("pages work with limit and skip; one beyond the end is empty", async () => {
  const page = async (skip: number) =>
    didsOf(await rows("/o/users/all", { app_id: app.id, skip: String(skip) }));

  expect(await page(0)).toHaveLength(100);
  expect(await page(100)).toHaveLength(50);
  expect(await page(150)).toEqual([]);
});

test("ignoreSkip repeats the first page of every list", async () => {
  countly.faults.ignoreSkip = true;
  const params = { app_id: app.id, limit: "10" };

  for (const path of ["/o/users/all", "/o/apps/all"]) {
    expect(await rows(path, { ...params, skip: "10" })).toEqual(await rows(path, params));
  }
});

test("a period of two timestamps selects users by their last session", async () => {
  const last = (await rows("/o/users/all", { app_id: app.id, skip: "149" }))[0];
  const at = Number(last?.["ls"]) * 1000;

  const period = JSON.stringify([at, at]);
  expect(await rows("/o/users/all", { app_id: app.id, period })).toEqual([last]);
});

test("other paths do not exist, and a wrong key is rejected", async () => {
  expect((await client.post("/o/apps/mine")).status).toBe(404);
  expect((await client.post("/o/export/db")).status).toBe(404);
  expect((await client.post("/o/groups", { api_key: "wrong" })).status).toBe(401);
});
