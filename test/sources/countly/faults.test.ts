import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ConfigError } from "../../../src/core/errors.ts";
import type { TimestampFormat } from "../../../src/emulators/countly/user.ts";
import { CountlyWorkspace } from "../../../src/emulators/countly/workspace.ts";
import { useCountlyServers, type Countly } from "../../support/countly.ts";
import { newSqlite, type TestDatabase } from "../../support/databases.ts";
import { failing } from "../../support/faults.ts";
import { syncCountly } from "../../support/sync-countly.ts";
import { userIdsInStoredOrder, userIds } from "./expected-rows.ts";

type Settings = Parameters<typeof syncCountly>[1];
type Options = Parameters<typeof syncCountly>[2];

const day = 86_400_000;
const afterAWeek = (): Date => new Date(Date.now() + 8 * day);

let database: TestDatabase;
beforeEach(async () => {
  database = await newSqlite();
});
afterEach(async () => {
  await database.drop();
});

const start = useCountlyServers();

/** Syncs in pages of ten, without retries. */
function sync({ url, apiKey }: Countly, settings: Settings = {}, options: Options = {}) {
  const given = { api_key: apiKey, max_records_per_page: 10, ...settings };
  return syncCountly({ url, apiKey, destination: database.url }, given, options);
}

async function storedKeys(table = "users", key = "user_id"): Promise<string[]> {
  const rows = await database.query(`SELECT ${key} AS k FROM ${table} WHERE NOT _deleted`);
  return rows.map(({ k }) => String(k)).sort();
}

/** The reasons of all quarantine entries. */
async function quarantined(): Promise<string> {
  const rows = await database.query("SELECT reason FROM _rivulet_quarantine");
  return rows.map(({ reason }) => String(reason)).join("\n");
}

/** The distinct paths from which users were requested. */
const requestedPaths = ({ requests }: Countly, from = 0): string[] => [
  ...new Set(
    requests
      .slice(from)
      .filter(({ body }) => /query|filter/.test(body))
      .map(({ url }) => url.pathname),
  ),
];

describe("pages", () => {
  test.each(["community", "original"] as const)(
    "are never larger than configured (%s)",
    async (edition) => {
      const countly = await start({ edition });
      const app = countly.workspace.addApp({ users: 25 });
      await sync(countly, { max_records_per_page: 7 });
      expect(await storedKeys()).toEqual(userIds(app));
      const limits = countly.requests
        .filter(({ url }) => /export|users/.test(url.pathname))
        .map(({ params }) => Number(params["limit"]));
      expect(Math.max(...limits)).toBe(7);
    },
  );

  test("no user is lost if the server silently lowers the limit", async () => {
    const countly = await start({ faults: { exportLimit: 7 } });
    const app = countly.workspace.addApp({ users: 40 });
    expect(await sync(countly)).toMatchObject({ status: "completed" });
    expect(await storedKeys()).toEqual(userIds(app));
  });

  test("a truncated but well-formed array loses no user and marks none as deleted", async () => {
    const countly = await start();
    const app = countly.workspace.addApp({ users: 40 });
    await sync(countly);
    countly.faults.truncateExport = { afterRows: 3 };
    app.deleteUser(userIds(app)[5] ?? "");
    const { counts } = await sync(countly, {}, { startedAt: afterAWeek() });
    expect(counts.get("users")).toMatchObject({ deleted: 1 });
    expect(await storedKeys()).toEqual(userIds(app));
  });

  test.each([0, 25])(
    "a database that sends nothing after %i users moves no mark and deletes no user",
    async (after) => {
      const countly = await start();
      const app = countly.workspace.addApp({ users: 40 });
      countly.workspace.addApp({ users: 3 });
      await sync(countly);
      const before = userIds(app);
      app.updateUser(before[0] ?? "", { gender: "F" });
      let sent = 0;
      countly.faults.onPage = ({ rows }) => {
        sent += rows;
        if (sent > after) countly.faults.truncateExport = { afterRows: 0 };
      };
      await sync(countly, {}, { startedAt: afterAWeek() }).catch(() => undefined);
      expect(await storedKeys()).toEqual(userIds(...countly.workspace.apps));
      delete countly.faults.onPage;
      delete countly.faults.truncateExport;
      await sync(countly);
      const [changed] = await database.query(
        `SELECT gender FROM users WHERE user_id = '${before[0] ?? ""}'`,
      );
      expect(changed).toEqual({ gender: "F" });
    },
  );

  test("an empty page in the middle of an incremental read loses no user", async () => {
    const countly = await start();
    const app = countly.workspace.addApp({ users: 5 });
    await sync(countly);
    for (let n = 0; n < 40; n += 1) app.addUser();
    let pages = 0;
    countly.faults.onPage = ({ rows }) => {
      pages += rows > 1 ? 1 : 0;
      if (pages === 2) countly.faults.truncateExport = { afterRows: 0 };
      else delete countly.faults.truncateExport;
    };
    await sync(countly).catch(() => undefined);
    delete countly.faults.onPage;
    delete countly.faults.truncateExport;
    await sync(countly);
    expect(await storedKeys()).toEqual(userIds(app));
  });

  test.each(["community", "enterprise"] as const)(
    "a server that ignores the range of ids is an error, not an endless loop (%s)",
    async (edition) => {
      const countly = await start({ edition, faults: { ignoreKeyset: true } });
      countly.workspace.addApp({ users: 40 });
      expect(await sync(countly)).toMatchObject({ status: "partial" });
      expect(await quarantined()).toMatch(
        /got users outside of the range; the server ignores the query/,
      );
      expect(countly.requests.length).toBeLessThan(50);
    },
  );

  test("a gateway that ignores skip is an error, unless it always sends everything", async () => {
    const countly = await start({ edition: "original", faults: { ignoreSkip: true } });
    const app = countly.workspace.addApp({ users: 40 });
    expect(await sync(countly)).toMatchObject({ status: "partial" });
    expect(await quarantined()).toMatch(/got the same page twice; the service ignores skip/);
    const workspace = new CountlyWorkspace();
    workspace.addApp({ users: 40 });
    const whole = await start({
      ...{ edition: "original", workspace, faults: { ignoreSkip: true } },
      intercept: (service) => (request, response) => {
        return service(
          { ...request, body: request.body.replace(/\blimit=\d+/, "limit=1000") },
          response,
        );
      },
    });
    const other = await newSqlite();
    const result = await syncCountly(
      { ...whole, destination: other.url },
      { max_records_per_page: 10 },
    );
    expect(result).toMatchObject({ status: "completed" });
    expect(result.counts.get("users")).toMatchObject({ inserted: 40 });
    await other.drop();
    expect(app.users.size).toBe(40);
  });

  test("no user is lost if the server refuses requests for a while", async () => {
    const countly = await start({ faults: { rateLimit: { allow: 5, refuse: 1 } } });
    const app = countly.workspace.addApp({ users: 60 });
    expect(await sync(countly, { retry_attempts: 3 })).toMatchObject({ status: "completed" });
    expect(await storedKeys()).toEqual(userIds(app));
  });

  test("no other user is lost if users are deleted from a gateway during the read", async () => {
    const countly = await start({ edition: "original" });
    const app = countly.workspace.addApp({ users: 40 });
    const doomed = userIdsInStoredOrder(app).slice(0, 2);
    countly.faults.onPage = () => {
      const id = doomed.pop();
      if (id !== undefined) app.deleteUser(id);
    };
    expect(await sync(countly)).toMatchObject({ status: "completed" });
    expect(await storedKeys()).toEqual(userIds(app));
  });
});

describe("the high-water mark", () => {
  test.each<TimestampFormat>(["seconds", "milliseconds", "mixed", "strings"])(
    "finds changes if the server sends times in %s",
    async (stamps) => {
      const countly = await start();
      const app = countly.workspace.addApp({ users: 50, timestampFormat: stamps });
      await sync(countly);
      app.updateUser(userIds(app)[7] ?? "", { gender: "X" });
      app.addUser();
      app.addUser();
      const before = countly.requests.length;
      await sync(countly, { lookback_minutes: 0 });
      expect(await storedKeys()).toEqual(userIds(app));
      expect(await database.query("SELECT count(*) AS n FROM users WHERE gender = 'X'")).toEqual([
        { n: 1 },
      ]);
      expect(countly.requests.length - before).toBeLessThanOrEqual(8);
    },
  );

  test("a user active after their page was read is found by the next sync", async () => {
    const countly = await start();
    const app = countly.workspace.addApp({ users: 40 });
    const [highest = ""] = userIds(app).reverse();
    let pages = 0;
    countly.faults.onPage = () => {
      pages += 1;
      if (pages === 3) app.updateUser(highest, { gender: "F" });
      // On a later page, and later still.
      if (pages === 3) app.updateUser(userIds(app)[0] ?? "", { gender: "M" });
    };
    await sync(countly);
    delete countly.faults.onPage;
    await sync(countly, { lookback_minutes: 0 });
    const [row] = await database.query(`SELECT gender FROM users WHERE user_id = '${highest}'`);
    expect(row).toEqual({ gender: "F" });
  });

  test("users without a server time are found by their device time", async () => {
    const countly = await start();
    const app = countly.workspace.addApp();
    const { _id } = app.addUser({ last_sync: undefined });
    await sync(countly);
    app.updateUser(_id, { gender: "F", last_sync: undefined });
    expect((await sync(countly)).counts.get("users")).toMatchObject({ updated: 1 });
  });

  test("a device whose clock is far ahead hides no user", async () => {
    const countly = await start();
    const app = countly.workspace.addApp({ users: 5 });
    app.addUser({ last_sync: undefined, lac: Math.floor(Date.now() / 1000) + 400 * 86_400 });
    await sync(countly);
    // The emulator's clock is behind ours.
    countly.workspace.clock.advance(Date.now() - countly.workspace.clock.nowMs);
    app.addUser();
    await sync(countly);
    expect(await storedKeys()).toEqual(userIds(app));
  });

  test("a change that moves no time is found by the full resync, not before", async () => {
    const countly = await start();
    const app = countly.workspace.addApp({ users: 30 });
    const [a = "", b = "", c = ""] = userIds(app);
    await sync(countly);
    app.updateUser(a, { gender: "F" }, { silently: true });
    app.mergeUsers(b, c);
    expect((await sync(countly)).counts.get("users")).toMatchObject({ deleted: 0 });
    expect(
      (await sync(countly, {}, { startedAt: afterAWeek() })).counts.get("users"),
    ).toMatchObject({
      deleted: 1,
    });
    expect(await database.query("SELECT user_id FROM users WHERE gender = 'F'")).toEqual([
      { user_id: a },
    ]);
    expect(await database.query("SELECT user_id FROM users WHERE _deleted")).toEqual([
      { user_id: b },
    ]);
  });

  test("initial_sync_days leaves out inactive users, in a resync too, until they are active", async () => {
    const workspace = new CountlyWorkspace();
    workspace.clock.advance(Date.now() - workspace.clock.nowMs);
    const countly = await start({ workspace });
    const app = workspace.addApp({ users: 365 });
    const settings = { initial_sync_days: "30" };
    await sync(countly, settings);
    const first = await storedKeys();
    expect(first.length).toBeGreaterThan(20);
    expect(first.length).toBeLessThan(40);
    const inactive = userIds(app).find((id) => !first.includes(id)) ?? "";
    const { counts } = await sync(countly, settings, { startedAt: afterAWeek() });
    expect(counts.get("users")).toMatchObject({ inserted: 0, deleted: 0 });
    app.updateUser(inactive, { gender: "F" });
    await sync(countly, settings, { startedAt: afterAWeek() });
    expect(await storedKeys()).toEqual([...first, inactive].sort());
  });

  test("setting initial_sync_days later, or lowering it, deletes no user", async () => {
    const workspace = new CountlyWorkspace();
    workspace.clock.advance(Date.now() - workspace.clock.nowMs);
    const countly = await start({ workspace });
    const app = workspace.addApp({ users: 60 });
    await sync(countly);
    await sync(countly, { initial_sync_days: 30 }, { startedAt: afterAWeek() });
    await sync(countly, { initial_sync_days: 10 }, { fullRefresh: true });
    expect(await storedKeys()).toEqual(userIds(app));
  });

  test("raising or removing initial_sync_days adds older users with the next resync", async () => {
    const workspace = new CountlyWorkspace();
    workspace.clock.advance(Date.now() - workspace.clock.nowMs);
    const countly = await start({ workspace });
    const app = workspace.addApp({ users: 365 });
    await sync(countly, { initial_sync_days: 30 });
    const few = await storedKeys();
    await sync(countly, { initial_sync_days: 90 }, { fullRefresh: true });
    const more = await storedKeys();
    expect(more.length).toBeGreaterThan(few.length);
    expect(more.length).toBeLessThan(365);
    await sync(countly, {}, { startedAt: afterAWeek() });
    expect(await storedKeys()).toEqual(userIds(app));
  });
});

describe("endpoints that list users", () => {
  test("if the key may not use an endpoint, the next best one is used and remembered", async () => {
    const countly = await start();
    const { workspace } = countly;
    const app = workspace.addApp({ users: 25 });
    const member = workspace.addMember({ rights: { [app.id]: ["compliance_hub", "dbviewer"] } });
    await sync(countly, { api_key: member.apiKey });
    expect(requestedPaths(countly)).toEqual(["/o", "/o/export/db", "/o/app_users/consents"]);
    expect(await storedKeys()).toEqual(userIds(app));
    const before = countly.requests.length;
    await sync(countly, { api_key: member.apiKey });
    expect(requestedPaths(countly, before)).toEqual(["/o/app_users/consents"]);
    member.rights = { [app.id]: ["dbviewer"] };
    app.addUser();
    const { counts } = await sync(countly, { api_key: member.apiKey }, { startedAt: afterAWeek() });
    expect(counts.get("users")).toMatchObject({ inserted: 1, deleted: 0 });
    expect(await storedKeys()).toEqual(userIds(app));
  });

  test("all endpoints yield the same rows", async () => {
    const countly = await start({ edition: "enterprise" });
    const app = countly.workspace.addApp({ users: 25 });
    app.addUser({ name: "<R&D>", custom: { "a<b": ['"', "it's"] } });
    const tables = new Set<string>();
    for (const right of ["users", "export", "compliance_hub", "dbviewer"] as const) {
      const { apiKey } = countly.workspace.addMember({ rights: { [app.id]: [right] } });
      const own = await newSqlite();
      await syncCountly(
        { url: countly.url, apiKey, destination: own.url },
        { max_records_per_page: 10 },
      );
      const rows = await own.query("SELECT * FROM users ORDER BY user_id");
      expect(rows).toHaveLength(26);
      const ours = { _synced_at: undefined, processed_at: undefined };
      tables.add(JSON.stringify(rows.map((row) => ({ ...row, ...ours }))));
      await own.drop();
    }
    expect(tables.size).toBe(1);
  });

  test("profiles are read in windows of ids, until every window is complete", async () => {
    const countly = await start({ edition: "enterprise" });
    const app = countly.workspace.addApp({ users: 500 });
    await sync(countly);
    expect(requestedPaths(countly)).toEqual(["/o"]);
    expect(await storedKeys()).toEqual(userIds(app));
  });

  test("a task is polled until it is done", async () => {
    const countly = await start({ edition: "enterprise", faults: { task: { polls: 2 } } });
    const app = countly.workspace.addApp({ users: 8 });
    app.addUser({ name: 'R&D "<b>"', custom: { json: '{"a":"&"}' } });
    await sync(countly);
    expect(requestedPaths(countly)).toEqual(["/o"]);
    expect(await storedKeys()).toEqual(userIds(app));
    const [row] = await database.query("SELECT name, custom_data FROM users WHERE name LIKE 'R%'");
    expect(row).toEqual({ name: 'R&D "<b>"', custom_data: '{"json":"{\\"a\\":\\"&\\"}"}' });
  });

  test("a failed task is reported with its reason and deletes no user", async () => {
    const countly = await start({ edition: "enterprise" });
    const app = countly.workspace.addApp({ users: 8 });
    await sync(countly);
    countly.faults.task = { polls: 0, fails: true };
    expect(await sync(countly, {}, { startedAt: afterAWeek() })).toMatchObject({
      status: "partial",
    });
    expect(await quarantined()).toMatch(/task failed: cursor killed/);
    expect(await storedKeys()).toEqual(userIds(app));
  });

  test("profiles with only parts of the users are the last resort", async () => {
    const countly = await start({
      edition: "enterprise",
      faults: { userDetailsMembers: ["did", "name", "lac"] },
    });
    const { workspace } = countly;
    const app = workspace.addApp({ users: 25 });
    await sync(countly);
    expect(requestedPaths(countly)).toEqual(["/o", "/o/export/db"]);
    const { apiKey } = workspace.addMember({ rights: { [app.id]: ["users"] } });
    const own = await newSqlite();
    const places = { url: countly.url, apiKey, destination: own.url };
    expect((await syncCountly(places)).counts.get("users")).toMatchObject({ inserted: 25 });
    expect(await own.query("SELECT count(*) AS n FROM users WHERE platform IS NOT NULL")).toEqual([
      { n: 0 },
    ]);
    await own.drop();
  });

  test("apps whose users the key may not read are skipped with *, and an error if named", async () => {
    const countly = await start();
    const { workspace } = countly;
    const [open, closed] = [workspace.addApp({ users: 5 }), workspace.addApp({ users: 5 })];
    const { apiKey: api_key } = workspace.addMember({
      rights: { [open.id]: "admin", [closed.id]: [] },
    });
    const warnings: string[] = [];
    expect(await sync(countly, { api_key }, { warn: (text) => warnings.push(text) })).toMatchObject(
      {
        status: "completed",
      },
    );
    expect(await storedKeys()).toEqual(userIds(open));
    expect(warnings.join()).toMatch(
      new RegExp(`app "${closed.id}": no endpoint lists its users.*skipped`),
    );
    await database.drop();
    database = await newSqlite();
    const named = sync(countly, { api_key, app_id: `${open.id}, ${closed.id}` });
    await expect(named).rejects.toThrow(/let the key read the users of the app/);
  });

  test("a locked app is skipped, and copied once it is unlocked", async () => {
    const countly = await start();
    const [a, b] = [countly.workspace.addApp({ users: 5 }), countly.workspace.addApp({ users: 5 })];
    a.locked = true;
    await sync(countly);
    expect(await storedKeys()).toEqual(userIds(b));
    a.locked = false;
    await sync(countly);
    expect(await storedKeys()).toEqual(userIds(a, b));
  });
});

describe("apps", () => {
  test("a deleted app is marked as deleted with its users", async () => {
    const countly = await start();
    const [remaining, deleted] = [
      countly.workspace.addApp({ users: 5 }),
      countly.workspace.addApp({ users: 6 }),
    ];
    await sync(countly);
    countly.workspace.deleteApp(deleted.id);
    const { counts } = await sync(countly);
    expect(counts.get("apps")).toMatchObject({ deleted: 1 });
    expect(counts.get("users")).toMatchObject({ deleted: 6 });
    expect(await storedKeys()).toEqual(userIds(remaining));
  });

  test("an empty list of apps deletes nothing and fails the sync", async () => {
    const countly = await start();
    const app = countly.workspace.addApp({ users: 5 });
    await sync(countly);
    countly.faults.failingDatabase = true;
    const { status, failures } = await sync(
      countly,
      {},
      { startedAt: afterAWeek(), fullRefresh: true },
    );
    expect(status).toBe("failed");
    expect(failures.get("apps")?.message).toMatch(
      /the server lists no apps, so nothing was marked as deleted/,
    );
    expect(await storedKeys()).toEqual(userIds(app));
    expect(await storedKeys("apps", "app_id")).toEqual([app.id]);
  });

  const twoApps = (workspace: CountlyWorkspace) => {
    const [a, b] = [workspace.addApp({ users: 5 }), workspace.addApp({ users: 5 })];
    return { a, b, member: workspace.addMember({ rights: { [a.id]: "admin", [b.id]: "admin" } }) };
  };

  test("a key that can see fewer apps than before deletes nothing of the others", async () => {
    const countly = await start();
    const { a, b, member } = twoApps(countly.workspace);
    await sync(countly, { api_key: member.apiKey });
    member.rights = { [a.id]: "admin" };
    const warnings: string[] = [];
    const options = {
      warn: (text: string) => warnings.push(text),
      startedAt: afterAWeek(),
      fullRefresh: true,
    };
    const { counts } = await sync(countly, { api_key: member.apiKey }, options);
    expect([...counts.values()].map(({ deleted }) => deleted)).toEqual([0, 0, 0]);
    expect(warnings).toContain(
      `app "${b.id}": the key can no longer see it; its rows are left unchanged`,
    );
    expect(await storedKeys()).toEqual(userIds(a, b));
  });

  test("a server that fails the check whether an app was deleted is not taken to hide the app", async () => {
    let asked = 0;
    const countly = await start({
      intercept: (service) => (request, response) => {
        const isAbout = `${request.url.href} ${request.body}`.includes(b.id);
        if (request.url.pathname !== "/o/apps/details" || !isAbout || member.rights[b.id])
          return service(request, response);
        asked += 1;
        return failing(503)(request, response);
      },
    });
    const { a, b, member } = twoApps(countly.workspace);
    await sync(countly, { api_key: member.apiKey });
    member.rights = { [a.id]: "admin" };
    const warnings: string[] = [];
    const options = { warn: (text: string) => warnings.push(text) };
    const settings = { api_key: member.apiKey, retry_attempts: 0 };
    const { status } = await sync(countly, settings, options);
    expect({ status, asked: asked > 0 }).toEqual({ status: "failed", asked: true });
    expect(warnings.filter((text) => text.includes("can no longer see it"))).toEqual([]);
    expect(await storedKeys()).toEqual(userIds(a, b));
  });

  test("users are marked as deleted if an app loses all of them", async () => {
    const countly = await start();
    const app = countly.workspace.addApp({ users: 3 });
    await sync(countly);
    for (const id of userIds(app)) app.deleteUser(id);
    await sync(countly, {}, { startedAt: afterAWeek() });
    expect(await storedKeys()).toEqual([]);
  });

  test("an app that the server does not list is an error that names the listed ones", async () => {
    const countly = await start();
    const { id } = countly.workspace.addApp();
    await expect(sync(countly, { app_id: "nowhere" })).rejects.toThrow(
      `countly.app_id: the server lists no app "nowhere" for this key; it lists "${id}"`,
    );
  });

  test.each([
    ["a list", (ids: string[]) => ids],
    ["text with commas", (ids: string[]) => ids.join(", ")],
    ["JSON as text", (ids: string[]) => JSON.stringify(ids)],
  ])("only the configured apps are copied, named as %s", async (_as, spell) => {
    const countly = await start();
    const [a, , c] = [1, 2, 3].map((users) => countly.workspace.addApp({ users }));
    if (!a || !c) throw new Error("expected three apps");
    await sync(countly, { app_id: spell([a.id, c.id]) });
    expect(await storedKeys()).toEqual(userIds(a, c));
    expect(await storedKeys("apps", "app_id")).toEqual([a.id, c.id].sort());
  });
});

describe("base_url", () => {
  test("a wrong base_url is an error that says so", async () => {
    const countly = await start();
    countly.workspace.addApp();
    const failed = sync(countly, { base_url: `${countly.url}/dashboard` });
    await expect(failed).rejects.toThrow(ConfigError);
    await expect(failed).rejects.toThrow(/400: Invalid path; check countly\.base_url$/);
  });
});

describe("groups", () => {
  test("are optional, but an error that mentions Enterprise if required and missing", async () => {
    const countly = await start();
    countly.workspace.addApp({ users: 2 });
    expect(await sync(countly)).toMatchObject({ status: "completed" });
    const asked = sync(countly, { enable_groups_sync: "true" });
    await expect(asked).rejects.toThrow(
      /groups: .*Invalid path.*Countly Enterprise.*enable_groups_sync/,
    );
    await expect(asked).rejects.toMatchObject({ name: "ConfigError" });
  });

  test("a deleted group is marked as deleted, but an empty list deletes none", async () => {
    const countly = await start({ edition: "enterprise" });
    const { workspace } = countly;
    workspace.addApp();
    const [a, b] = [workspace.addGroup(), workspace.addGroup()];
    await sync(countly);
    workspace.deleteGroup(a.id);
    expect((await sync(countly)).counts.get("groups")).toMatchObject({ deleted: 1 });
    workspace.deleteGroup(b.id);
    expect((await sync(countly)).counts.get("groups")).toMatchObject({ deleted: 0 });
  });
});

describe("the key", () => {
  test("is put into the URL only while the server accepts it nowhere else", async () => {
    const countly = await start({ faults: { keyInUrlOnly: true } });
    const app = countly.workspace.addApp({ users: 5 });
    await sync(countly);
    expect(await storedKeys()).toEqual(userIds(app));
    expect(countly.requests.at(-1)?.method).toBe("GET");
    countly.faults.keyInUrlOnly = false;
    const before = countly.requests.length;
    expect(await sync(countly)).toMatchObject({ status: "completed" });
    expect(countly.requests.slice(before).filter(({ method }) => method === "GET")).toEqual([]);
  });

  test.each(["", "<html>log in</html>", '{"admin_of":'])(
    "is put into the URL although the first response to a request without it is %j",
    async (text) => {
      let isFirst = true;
      const countly = await start({
        faults: { keyInUrlOnly: true },
        intercept: (service) => (request, response) => {
          const hasKey =
            request.url.searchParams.has("api_key") || request.body.includes("api_key=");
          const hasToken = request.headers["countly-token"] !== undefined;
          if (hasKey || hasToken || !isFirst) return service(request, response);
          isFirst = false;
          response.writeHead(200).end(text);
          return;
        },
      });
      const app = countly.workspace.addApp({ users: 5 });
      expect(await sync(countly, { retry_attempts: 2 })).toMatchObject({ status: "completed" });
      expect(await storedKeys()).toEqual(userIds(app));
    },
  );

  test("is tried again by the next sync if the server asks us to wait", async () => {
    let isFirst = true;
    const countly = await start({
      faults: { keyInUrlOnly: true },
      intercept: (service) => (request, response) => {
        const hasKey = request.url.searchParams.has("api_key") || request.body.includes("api_key=");
        const hasToken = request.headers["countly-token"] !== undefined;
        if (hasKey || hasToken || !isFirst) return service(request, response);
        isFirst = false;
        return failing(429, { "retry-after": "86400" })(request, response);
      },
    });
    const app = countly.workspace.addApp({ users: 5 });
    const { status, failures } = await sync(countly);
    expect(status).toBe("failed");
    for (const stream of ["apps", "groups", "users"])
      expect(failures.get(stream)?.message).toMatch(/asks to wait 24 h; try again after/);
    expect(await sync(countly)).toMatchObject({ status: "completed" });
    expect(await storedKeys()).toEqual(userIds(app));
  });

  test("is put into no URL if there is no such endpoint", async () => {
    const countly = await start({
      intercept: () => (_request, response) => void response.writeHead(404).end("{}"),
    });
    await expect(sync(countly)).rejects.toThrow(/404.*check countly\.base_url/);
    expect(countly.requests.filter(({ url }) => url.search !== "")).toEqual([]);
  });

  test("is put into the URL of a gateway that does not accept POST", async () => {
    const countly = await start({
      edition: "original",
      intercept: (service) => (request, response) => {
        if (request.method === "GET") return service(request, response);
        response.writeHead(405).end('{"error":"method not allowed"}');
        return;
      },
    });
    const app = countly.workspace.addApp({ users: 12 });
    expect(await sync(countly)).toMatchObject({ status: "completed" });
    expect(await storedKeys()).toEqual(userIds(app));
  });

  test.each([401, 403])(
    "is put into the URL if a gateway refuses the form with %i and gives no reason",
    async (status) => {
      const countly = await start({
        edition: "original",
        intercept: (service) => (request, response) => {
          if (request.url.searchParams.has("api_key")) return service(request, response);
          response.writeHead(status).end('{"error":"no access"}');
          return;
        },
      });
      const app = countly.workspace.addApp({ users: 12 });
      expect(await sync(countly)).toMatchObject({ status: "completed" });
      expect(await storedKeys()).toEqual(userIds(app));
    },
  );

  test.each([
    [401, "invalid api_key"],
    [400, "the api_key is wrong"],
    [500, "no database for the api_key"],
    [429, "too many requests with this api_key"],
  ])("is put into no URL if the server has read it: %i, %s", async (status, error) => {
    const countly = await start({
      intercept: () => (request, response) => {
        const isRead = request.body.includes("api_key=");
        response
          .writeHead(isRead ? status : 401)
          .end(JSON.stringify({ error: isRead ? error : "api_key is missing" }));
      },
    });
    await sync(countly).catch(() => undefined);
    expect(countly.requests.length).toBeGreaterThan(0);
    expect(countly.requests.filter(({ url }) => url.search !== "")).toEqual([]);
  });

  test("is put into no URL of a server that accepted it before and now refuses everything", async () => {
    let isShut = false;
    const countly = await start({
      intercept: (service) => (request, response) => {
        if (!isShut) return service(request, response);
        response.writeHead(401).end("log in first");
        return;
      },
    });
    countly.workspace.addApp({ users: 5 });
    await sync(countly);
    isShut = true;
    await expect(sync(countly)).rejects.toThrow(/^POST .*401: log in first/);
    expect(countly.requests.filter(({ url }) => url.search !== "")).toEqual([]);
  });

  test("may be a token, which is sent in its header", async () => {
    const countly = await start();
    const { workspace } = countly;
    const app = workspace.addApp({ users: 5 });
    const api_key = workspace.addToken(workspace.admin);
    await sync(countly, { api_key });
    expect(await storedKeys()).toEqual(userIds(app));
    const last = countly.requests.at(-1);
    expect(last?.headers["countly-token"]).toBe(api_key);
    expect(last?.body).not.toContain(api_key);
  });

  test("is an error if wrong, and is not in the message", async () => {
    const countly = await start();
    countly.workspace.addApp();
    const api_key = "0123456789abcdef0123456789abcdef";
    const failed = sync(countly, { api_key });
    await expect(failed).rejects.toThrow(/401: User does not exist; check countly\.api_key/);
    await expect(failed).rejects.not.toThrow(api_key);
    expect(countly.requests.filter(({ url }) => url.href.includes(api_key))).toEqual([]);
  });
});
