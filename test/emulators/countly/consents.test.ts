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
  for (const did of ["a", "b", "c"]) app.addUser({ did, name: did.toUpperCase() });
});

afterEach(async () => {
  await countly[Symbol.asyncDispose]();
});

test("the default projection has few members of a user", async () => {
  const { aaData } = await client.consents(app);

  expect(Object.keys(aaData[0] ?? {}).sort()).toEqual(["_id", "av", "d", "did", "lac", "uid"]);
});

test("an empty projection has the whole document", async () => {
  const { aaData } = await client.consents(app, { project: "{}" });

  expect(aaData[0]).toMatchObject({ did: "a", name: "A", sc: 1 });
});

test("without a limit, or with 0, all users come at once; the count is that of the matching users", async () => {
  const query = JSON.stringify({ did: { $gte: "b" } });

  expect(await client.consents(app, { limit: "0" })).toMatchObject({ iTotalRecords: 3 });
  const { aaData, ...counts } = await client.consents(app, { query, limit: "1", sEcho: "7" });
  expect(aaData).toHaveLength(1);
  expect(counts).toEqual({ sEcho: "7", iTotalRecords: 2, iTotalDisplayRecords: 2 });
});

test("pages work with limit and skip, or with DataTables parameters", async () => {
  const sort = JSON.stringify({ did: 1 });

  expect(didsOf((await client.consents(app, { sort, limit: "1", skip: "1" })).aaData)).toEqual([
    "b",
  ]);
  const table = {
    iDisplayLength: "2",
    iDisplayStart: "1",
    iSortCol_0: "0",
    sSortDir_0: "desc",
  };
  expect(didsOf((await client.consents(app, table)).aaData)).toEqual(["b", "a"]);
});

test("invalid JSON counts as no query, and a query that the database rejects gives no list", async () => {
  expect((await client.consents(app, { query: "{" })).aaData).toHaveLength(3);
  expect(await client.json("/o/app_users/consents", { app_id: app.id, query: `{"$a":1}` })).toEqual(
    {},
  );
});

test("requires an app and the plugin", async () => {
  expect(await client.statusAndBody("/o/app_users/consents")).toEqual([
    400,
    { result: 'Missing parameter "app_id"' },
  ]);
  countly.faults.missingFeatures = ["compliance-hub"];
  expect(await client.statusAndBody("/o/app_users/consents", { app_id: app.id })).toEqual([
    400,
    { result: "Invalid path" },
  ]);
});
