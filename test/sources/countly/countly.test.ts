import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { CountlyApp } from "../../../src/emulators/countly/app.ts";
import { RawJson } from "../../../src/emulators/raw-json.ts";
import { startCountly, type Countly } from "../../support/countly.ts";
import { databases, type TestDatabase } from "../../support/databases.ts";
import { syncCountly } from "../../support/sync-countly.ts";
import { expectedRows, userIdsInStoredOrder, userIds, storedRows } from "./expected-rows.ts";

type Options = [
  settings?: Parameters<typeof syncCountly>[1],
  options?: Parameters<typeof syncCountly>[2],
];

const editions = ["community", "enterprise", "original"] as const;
const day = 86_400_000;

/** Late enough for a full resync. */
const afterAWeek = (): Date => new Date(Date.now() + 8 * day);

function fill(countly: Countly): [CountlyApp, CountlyApp] {
  const { workspace } = countly;
  const shop = workspace.addApp({
    users: 60,
    fields: { name: 'R&D <"shop">', salt: "s3cr3t-salt" },
  });
  const news = workspace.addApp({
    timestampFormat: "milliseconds",
    fields: { category: undefined },
  });
  workspace.addApp({ fields: { name: "empty", owner: undefined } });
  for (let n = 0; n < 25; n += 1) news.addUser({ sc: String(n), fs: 1_700_000_000_000 + n });
  shop.addUser({
    name: `Zoë & "Ann" <ann@example.com> it's`,
    username: "ann",
    organization: "&co; & <b>",
    byear: "1990",
    sc: "12",
    lp: 1_700_000_123.5,
    custom: {
      "a.b & c": ["<i>", { '"': "&" }],
      json: '{"deep":"<x> & \\"y\\""}',
      exact: new RawJson("12345678901234567890"),
      spelled: new RawJson("1.10"),
    },
  });
  workspace.addGroup({ name: "Analysts & co", users: ["u1", "u2"], permission: { _: { a: [] } } });
  workspace.addGroup({ name: "Empty" });
  return [shop, news];
}

describe.each(databases)("on %s", (_name, newDatabase) => {
  describe.each(editions)("from a server that is %s", (edition) => {
    let database: TestDatabase;
    let countly: Countly;
    beforeEach(async () => {
      database = await newDatabase();
      countly = await startCountly({ edition });
    });
    afterEach(async () => {
      await countly[Symbol.asyncDispose]();
      await database.drop();
    });

    const sync = (...[settings, options]: Options) =>
      syncCountly(
        { url: countly.url, apiKey: countly.apiKey, destination: database.url },
        { max_records_per_page: 10, ...settings },
        options,
      );

    test("every cell equals the server's value after a first sync, and after changes, merges and deletions", async () => {
      const [shop, news] = fill(countly);
      const expectCopied = async (): Promise<void> => {
        expect(await storedRows(database)).toEqual(expectedRows(countly.workspace, edition));
      };
      expect(await sync()).toMatchObject({ status: "completed", quarantined: 0 });
      await expectCopied();
      const [ann] = await database.query("SELECT custom_data FROM users WHERE username = 'ann'");
      expect(String(ann?.["custom_data"])).toMatch(/12345678901234567890.*1\.10/);

      expect(await sync()).toMatchObject({ status: "completed" });
      await expectCopied();

      const [first = "", second = "", third = "", fourth = ""] = userIds(shop);
      shop.updateUser(first, { name: "changed", email: undefined, custom: { plan: "pro" } });
      news.addUser({ email: "new@example.com" });
      countly.workspace.updateApp(shop.id, { name: "Shop", last_data: 1_750_000_000 });
      expect((await sync()).counts.get("users")).toMatchObject({ inserted: 1, deleted: 0 });
      await expectCopied();

      shop.mergeUsers(second, third);
      shop.deleteUser(fourth);
      shop.updateUser(first, { phone: "+49 30 1" }, { silently: true });
      const { counts } = await sync({}, { startedAt: afterAWeek() });
      expect(counts.get("users")).toMatchObject({ inserted: 0, deleted: 2 });
      await expectCopied();
    });

    test("a second sync requests only what changed, in few requests", async () => {
      const [shop, news] = fill(countly);
      await sync();
      const before = countly.requests.length;
      shop.updateUser(userIdsInStoredOrder(shop)[0] ?? "", { gender: "F" });
      news.addUser();
      const { counts } = await sync({ lookback_minutes: 0 });
      expect(counts.get("users")).toMatchObject({ inserted: 1, deleted: 0 });
      const requests = countly.requests.slice(before);
      const rows = requests.filter(({ url }) =>
        /export|user_details|users/.test(url.pathname + url.search),
      );
      expect(requests.length).toBeLessThanOrEqual(25);
      // An app without users has no mark to read from.
      const [, , { id: empty } = { id: "" }] = countly.workspace.apps;
      for (const { params } of rows.filter(({ body }) => !body.includes(empty))) {
        const { query = params["filter"], app_id = params["collection"] } = params;
        const isIncremental = query?.includes("$or") === true || params["period"] !== undefined;
        expect({ app_id, isIncremental }).toEqual({ app_id, isIncremental: true });
      }
    });

    test("unchanged rows are not written again and keep their processed_at", async () => {
      const [shop] = fill(countly);
      await sync();
      const times = () =>
        database.query("SELECT user_id, processed_at, _synced_at FROM users ORDER BY 1");
      const before = await times();
      const { counts } = await sync({}, { startedAt: afterAWeek() });
      expect(counts.get("users")).toMatchObject({
        inserted: 0,
        updated: 0,
        deleted: 0,
        unchanged: 86,
      });
      expect(await times()).toEqual(before);
      const [first = ""] = userIds(shop);
      shop.updateUser(first, { gender: "F" });
      expect((await sync()).counts.get("users")).toMatchObject({ updated: 1 });
      const changed = (await times()).filter(
        (row, index) => row["processed_at"] !== before[index]?.["processed_at"],
      );
      expect(changed).toHaveLength(1);
    });

    test("neither the key nor a salt is in any URL or cell", async () => {
      fill(countly);
      countly.workspace.addGroup({
        name: "with a key",
        users: [{ api_key: countly.apiKey }],
        note: countly.apiKey,
      });
      await sync();
      for (const { url, headers } of countly.requests) {
        expect(url.href).not.toContain(countly.apiKey);
        expect(JSON.stringify(headers)).not.toContain(countly.apiKey);
      }
      for (const table of ["apps", "groups", "users", "_rivulet_state", "_rivulet_sync"]) {
        const cells = JSON.stringify(await database.query(`SELECT * FROM ${table}`));
        expect(cells).not.toContain(countly.apiKey);
        expect(cells).not.toContain("s3cr3t-salt");
      }
    });
  });
});
