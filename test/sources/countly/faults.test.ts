import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ConfigError } from "../../../src/core/errors.ts";
import type { TimestampFormat } from "../../../src/emulators/countly/user.ts";
import { CountlyWorkspace } from "../../../src/emulators/countly/workspace.ts";
import { startCountly, type Countly, type StartOptions } from "../../support/countly.ts";
import { newSqlite, type TestDatabase } from "../../support/databases.ts";
import { failing } from "../../support/faults.ts";
import { syncCountly } from "../../support/sync-countly.ts";
import { userIdsInStoredOrder, userIds } from "./expected-rows.ts";

type Settings = Parameters<typeof syncCountly>[1];
type Options = Parameters<typeof syncCountly>[2];

const day = 86_400_000;
const afterAWeek = (): Date => new Date(Date.now() + 8 * day);

let database: TestDatabase;
let opened: Countly[] = [];
beforeEach(async () => {
  database = await newSqlite();
});
afterEach(async () => {
  for (const countly of opened.splice(0)) await countly[Symbol.asyncDispose]();
  opened = [];
  await database.drop();
});

async function start(options: StartOptions = {}): Promise<Countly> {
  const countly = await startCountly(options);
  opened.push(countly);
  return countly;
}

/** Syncs in pages of ten, without retries. */
function sync({ url, apiKey }: Countly, settings: Settings = {}, options: Options = {}) {
  const given = { api_key: apiKey, max_records_per_page: 10, ...settings };
  return syncCountly({ url, apiKey, destination: database.url }, given, options);
}

async function storedKeys(table = "users", key = "user_id"): Promise<string[]> {
  const rows = await database.query(`SELECT ${key} AS k FROM ${table} WHERE NOT _deleted`);
  return rows.map(({ k }) => String(k)).sort();
}

/** Why what could not be read could not. */
async function quarantined(): Promise<string> {
  const rows = await database.query("SELECT reason FROM _rivulet_quarantine");
  return rows.map(({ reason }) => String(reason)).join("\n");
}

/** The paths by which users were asked for, each once. */
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
    "are never longer than the configuration says (%s)",
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

  test("a limit that the server clamps in silence loses no user", async () => {
    const countly = await start({ traps: { exportLimit: 7 } });
    const app = countly.workspace.addApp({ users: 40 });
    expect(await sync(countly)).toMatchObject({ status: "completed" });
    expect(await storedKeys()).toEqual(userIds(app));
  });

  test("an array that is cut and closed all the same loses no user, and nothing is taken for deleted", async () => {
    const countly = await start();
    const app = countly.workspace.addApp({ users: 40 });
    await sync(countly);
    countly.traps.truncateExport = { afterRows: 3 };
    app.deleteUser(userIds(app)[5] ?? "");
    const { counts } = await sync(countly, {}, { startedAt: afterAWeek() });
    expect(counts.get("users")).toMatchObject({ deleted: 1 });
    expect(await storedKeys()).toEqual(userIds(app));
  });

  test.each([0, 25])(
    "a database that shows nothing any more after %i users moves no mark and deletes nobody",
    async (after) => {
      const countly = await start();
      const app = countly.workspace.addApp({ users: 40 });
      countly.workspace.addApp({ users: 3 });
      await sync(countly);
      const before = userIds(app);
      app.updateUser(before[0] ?? "", { gender: "F" });
      let shown = 0;
      countly.traps.onPage = ({ rows }) => {
        shown += rows;
        if (shown > after) countly.traps.truncateExport = { afterRows: 0 };
      };
      await sync(countly, {}, { startedAt: afterAWeek() }).catch(() => undefined);
      expect(await storedKeys()).toEqual(userIds(...countly.workspace.apps));
      delete countly.traps.onPage;
      delete countly.traps.truncateExport;
      await sync(countly);
      const [changed] = await database.query(
        `SELECT gender FROM users WHERE user_id = '${before[0] ?? ""}'`,
      );
      expect(changed).toEqual({ gender: "F" });
    },
  );

  test("an empty page in the middle of what is new loses nobody", async () => {
    const countly = await start();
    const app = countly.workspace.addApp({ users: 5 });
    await sync(countly);
    for (let n = 0; n < 40; n += 1) app.addUser();
    let pages = 0;
    countly.traps.onPage = ({ rows }) => {
      pages += rows > 1 ? 1 : 0;
      if (pages === 2) countly.traps.truncateExport = { afterRows: 0 };
      else delete countly.traps.truncateExport;
    };
    await sync(countly).catch(() => undefined);
    delete countly.traps.onPage;
    delete countly.traps.truncateExport;
    await sync(countly);
    expect(await storedKeys()).toEqual(userIds(app));
  });

  test.each(["community", "enterprise"] as const)(
    "a page that comes again is an error and no endless loop (%s)",
    async (edition) => {
      const countly = await start({ edition, traps: { ignoreKeyset: true } });
      countly.workspace.addApp({ users: 40 });
      expect(await sync(countly)).toMatchObject({ status: "partial" });
      expect(await quarantined()).toMatch(/a page came again/);
      expect(countly.requests.length).toBeLessThan(50);
    },
  );

  test("a gateway that does not look at skip is an error, unless it sends everything anyway", async () => {
    const countly = await start({ edition: "original", traps: { ignoreSkip: true } });
    const app = countly.workspace.addApp({ users: 40 });
    expect(await sync(countly)).toMatchObject({ status: "partial" });
    expect(await quarantined()).toMatch(/does not look at skip/);
    const workspace = new CountlyWorkspace();
    workspace.addApp({ users: 40 });
    const whole = await start({
      ...{ edition: "original", workspace, traps: { ignoreSkip: true } },
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

  test("a server that refuses requests for a while is asked again, and loses nobody", async () => {
    const countly = await start({ traps: { rateLimit: { allow: 5, refuse: 1 } } });
    const app = countly.workspace.addApp({ users: 60 });
    expect(await sync(countly, { retry_attempts: 3 })).toMatchObject({ status: "completed" });
    expect(await storedKeys()).toEqual(userIds(app));
  });

  test("a gateway from which users vanish while they are read loses nobody else", async () => {
    const countly = await start({ edition: "original" });
    const app = countly.workspace.addApp({ users: 40 });
    const doomed = userIdsInStoredOrder(app).slice(0, 2);
    countly.traps.onPage = () => {
      const id = doomed.pop();
      if (id !== undefined) app.deleteUser(id);
    };
    expect(await sync(countly)).toMatchObject({ status: "completed" });
    expect(await storedKeys()).toEqual(userIds(app));
  });
});

describe("the mark", () => {
  test.each<TimestampFormat>(["seconds", "milliseconds", "mixed", "strings"])(
    "finds what changed where the server stamps in %s",
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

  test("a user who is active after their page was read is found by the next sync", async () => {
    const countly = await start();
    const app = countly.workspace.addApp({ users: 40 });
    const [highest = ""] = userIds(app).reverse();
    let pages = 0;
    countly.traps.onPage = () => {
      pages += 1;
      if (pages === 3) app.updateUser(highest, { gender: "F" });
      // On a later page, and later still.
      if (pages === 3) app.updateUser(userIds(app)[0] ?? "", { gender: "M" });
    };
    await sync(countly);
    delete countly.traps.onPage;
    await sync(countly, { lookback_minutes: 0 });
    const [row] = await database.query(`SELECT gender FROM users WHERE user_id = '${highest}'`);
    expect(row).toEqual({ gender: "F" });
  });

  test("users without a time of the server are found by that of their device", async () => {
    const countly = await start();
    const app = countly.workspace.addApp();
    const { _id } = app.addUser({ last_sync: undefined });
    await sync(countly);
    app.updateUser(_id, { gender: "F", last_sync: undefined });
    expect((await sync(countly)).counts.get("users")).toMatchObject({ updated: 1 });
  });

  test("a device whose clock is far ahead hides nobody", async () => {
    const countly = await start();
    const app = countly.workspace.addApp({ users: 5 });
    app.addUser({ last_sync: undefined, lac: Math.floor(Date.now() / 1000) + 400 * 86_400 });
    await sync(countly);
    // The clock of the stand-in is behind ours.
    countly.workspace.clock.advance(Date.now() - countly.workspace.clock.nowMs);
    app.addUser();
    await sync(countly);
    expect(await storedKeys()).toEqual(userIds(app));
  });

  test("what moved no time is found by the resync of all users, and not before", async () => {
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

  test("initial_sync_days leaves out who was not active since, also from a resync, until they are", async () => {
    const workspace = new CountlyWorkspace();
    workspace.clock.advance(Date.now() - workspace.clock.nowMs);
    const countly = await start({ workspace });
    const app = workspace.addApp({ users: 365 });
    const settings = { initial_sync_days: "30" };
    await sync(countly, settings);
    const first = await storedKeys();
    expect(first.length).toBeGreaterThan(20);
    expect(first.length).toBeLessThan(40);
    const sleeper = userIds(app).find((id) => !first.includes(id)) ?? "";
    const { counts } = await sync(countly, settings, { startedAt: afterAWeek() });
    expect(counts.get("users")).toMatchObject({ inserted: 0, deleted: 0 });
    app.updateUser(sleeper, { gender: "F" });
    await sync(countly, settings, { startedAt: afterAWeek() });
    expect(await storedKeys()).toEqual([...first, sleeper].sort());
  });

  test("initial_sync_days that comes later, or grows less, takes nobody for deleted", async () => {
    const workspace = new CountlyWorkspace();
    workspace.clock.advance(Date.now() - workspace.clock.nowMs);
    const countly = await start({ workspace });
    const app = workspace.addApp({ users: 60 });
    await sync(countly);
    await sync(countly, { initial_sync_days: 30 }, { startedAt: afterAWeek() });
    await sync(countly, { initial_sync_days: 10 }, { fullRefresh: true });
    expect(await storedKeys()).toEqual(userIds(app));
  });

  test("initial_sync_days that grows, or goes, lets in the past with the next resync", async () => {
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

describe("ways to read users", () => {
  test("what the key may not do is passed over for the next best way, which is remembered", async () => {
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

  test("each way gives the same rows", async () => {
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

  test("profiles come in windows of ids until all of them were shown, however few a window shows", async () => {
    const countly = await start({ edition: "enterprise" });
    const app = countly.workspace.addApp({ users: 500 });
    await sync(countly);
    expect(requestedPaths(countly)).toEqual(["/o"]);
    expect(await storedKeys()).toEqual(userIds(app));
  });

  test("a server that answers with a task is asked until the task is done", async () => {
    const countly = await start({ edition: "enterprise", traps: { task: { polls: 2 } } });
    const app = countly.workspace.addApp({ users: 8 });
    app.addUser({ name: 'R&D "<b>"', custom: { json: '{"a":"&"}' } });
    await sync(countly);
    expect(requestedPaths(countly)).toEqual(["/o"]);
    expect(await storedKeys()).toEqual(userIds(app));
    const [row] = await database.query("SELECT name, custom_data FROM users WHERE name LIKE 'R%'");
    expect(row).toEqual({ name: 'R&D "<b>"', custom_data: '{"json":"{\\"a\\":\\"&\\"}"}' });
  });

  test("a task that fails says why, and deletes nobody", async () => {
    const countly = await start({ edition: "enterprise" });
    const app = countly.workspace.addApp({ users: 8 });
    await sync(countly);
    countly.traps.task = { polls: 0, fails: true };
    expect(await sync(countly, {}, { startedAt: afterAWeek() })).toMatchObject({
      status: "partial",
    });
    expect(await quarantined()).toMatch(/task failed: cursor killed/);
    expect(await storedKeys()).toEqual(userIds(app));
  });

  test("profiles that show only a part of a user are the last way to be taken", async () => {
    const countly = await start({
      edition: "enterprise",
      traps: { userDetailsMembers: ["did", "name", "lac"] },
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

  test("with *, apps whose users the key may not read are passed over; one that was named is an error", async () => {
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
      new RegExp(`app "${closed.id}": its users can be read in no way.*passed over`),
    );
    await database.drop();
    database = await newSqlite();
    const named = sync(countly, { api_key, app_id: `${open.id}, ${closed.id}` });
    await expect(named).rejects.toThrow(/let the key read the users of the app/);
  });

  test("what is locked is passed over, and comes when it is open again", async () => {
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
  test("an app that is gone is marked as deleted with its users", async () => {
    const countly = await start();
    const [kept, gone] = [
      countly.workspace.addApp({ users: 5 }),
      countly.workspace.addApp({ users: 6 }),
    ];
    await sync(countly);
    countly.workspace.deleteApp(gone.id);
    const { counts } = await sync(countly);
    expect(counts.get("apps")).toMatchObject({ deleted: 1 });
    expect(counts.get("users")).toMatchObject({ deleted: 6 });
    expect(await storedKeys()).toEqual(userIds(kept));
  });

  test("an empty list of apps deletes nothing and is no success", async () => {
    const countly = await start();
    const app = countly.workspace.addApp({ users: 5 });
    await sync(countly);
    countly.traps.failingDatabase = true;
    const { status, failures } = await sync(
      countly,
      {},
      { startedAt: afterAWeek(), fullRefresh: true },
    );
    expect(status).toBe("failed");
    expect(failures.get("apps")?.message).toMatch(
      /the server shows no apps; nothing is taken for deleted/,
    );
    expect(await storedKeys()).toEqual(userIds(app));
    expect(await storedKeys("apps", "app_id")).toEqual([app.id]);
  });

  const twoApps = (workspace: CountlyWorkspace) => {
    const [a, b] = [workspace.addApp({ users: 5 }), workspace.addApp({ users: 5 })];
    return { a, b, member: workspace.addMember({ rights: { [a.id]: "admin", [b.id]: "admin" } }) };
  };

  test("a key that sees fewer apps than before deletes nothing of the others", async () => {
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
      `app "${b.id}": the key does not see it any more; its rows stay as they are`,
    );
    expect(await storedKeys()).toEqual(userIds(a, b));
  });

  test("a server that fails while it is asked whether an app is gone has not said that the key does not see it", async () => {
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
    expect(warnings.filter((text) => text.includes("does not see it"))).toEqual([]);
    expect(await storedKeys()).toEqual(userIds(a, b));
  });

  test("an app that lost all its users loses them here, while the server shows the app", async () => {
    const countly = await start();
    const app = countly.workspace.addApp({ users: 3 });
    await sync(countly);
    for (const id of userIds(app)) app.deleteUser(id);
    await sync(countly, {}, { startedAt: afterAWeek() });
    expect(await storedKeys()).toEqual([]);
  });

  test("an app that the server does not show is an error that names those it shows", async () => {
    const countly = await start();
    const { id } = countly.workspace.addApp();
    await expect(sync(countly, { app_id: "nowhere" })).rejects.toThrow(
      `countly.app_id: the server shows no app "nowhere" to this key; it shows "${id}"`,
    );
  });

  test.each([
    ["a list", (ids: string[]) => ids],
    ["text with commas", (ids: string[]) => ids.join(", ")],
    ["JSON as text", (ids: string[]) => JSON.stringify(ids)],
  ])(
    "only the apps of the configuration are copied, which names them as %s",
    async (_as, spell) => {
      const countly = await start();
      const [a, , c] = [1, 2, 3].map((users) => countly.workspace.addApp({ users }));
      if (!a || !c) throw new Error("expected three apps");
      await sync(countly, { app_id: spell([a.id, c.id]) });
      expect(await storedKeys()).toEqual(userIds(a, c));
      expect(await storedKeys("apps", "app_id")).toEqual([a.id, c.id].sort());
    },
  );
});

describe("the address", () => {
  test("that leads past the server's API is an error for a person, who is told where to look", async () => {
    const countly = await start();
    countly.workspace.addApp();
    const failed = sync(countly, { base_url: `${countly.url}/dashboard` });
    await expect(failed).rejects.toThrow(ConfigError);
    await expect(failed).rejects.toThrow(/400: Invalid path; check countly\.base_url$/);
  });
});

describe("groups", () => {
  test("where the server has none the rest is copied; who asks for them is told of Enterprise", async () => {
    const countly = await start();
    countly.workspace.addApp({ users: 2 });
    expect(await sync(countly)).toMatchObject({ status: "completed" });
    const asked = sync(countly, { enable_groups_sync: "true" });
    await expect(asked).rejects.toThrow(
      /groups: .*Invalid path.*Countly Enterprise.*enable_groups_sync/,
    );
    await expect(asked).rejects.toMatchObject({ name: "ConfigError" });
  });

  test("a group that is gone is marked as deleted, but never all of them by an empty list", async () => {
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
  test("goes into the URL only of a server that looks nowhere else, and only as long as it does", async () => {
    const countly = await start({ traps: { keyInUrlOnly: true } });
    const app = countly.workspace.addApp({ users: 5 });
    await sync(countly);
    expect(await storedKeys()).toEqual(userIds(app));
    expect(countly.requests.at(-1)?.method).toBe("GET");
    countly.traps.keyInUrlOnly = false;
    const before = countly.requests.length;
    expect(await sync(countly)).toMatchObject({ status: "completed" });
    expect(countly.requests.slice(before).filter(({ method }) => method === "GET")).toEqual([]);
  });

  test.each(["", "<html>log in</html>", '{"admin_of":'])(
    "is found to belong into the URL although %j is the first answer to who has none",
    async (text) => {
      let isFirst = true;
      const countly = await start({
        traps: { keyInUrlOnly: true },
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

  test("is looked for again by the next sync where the server wants to be left alone just then", async () => {
    let isFirst = true;
    const countly = await start({
      traps: { keyInUrlOnly: true },
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

  test("goes into no URL where there is nothing that could take it", async () => {
    const countly = await start({
      intercept: () => (_request, response) => void response.writeHead(404).end("{}"),
    });
    await expect(sync(countly)).rejects.toThrow(/404.*check countly\.base_url/);
    expect(countly.requests.filter(({ url }) => url.search !== "")).toEqual([]);
  });

  test("a gateway that knows no POST is asked by GET", async () => {
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
    "that a gateway looks for in the URL only, and without it refuses with %i and no reason, goes there",
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
  ])("goes into no URL where the server has read it: %i, %s", async (status, error) => {
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

  test("goes into no URL of a server that took it before, and refuses everything now", async () => {
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

  test("may be a token, which travels in its header", async () => {
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

  test("that is wrong is an error for a person, and is not in it", async () => {
    const countly = await start();
    countly.workspace.addApp();
    const api_key = "0123456789abcdef0123456789abcdef";
    const failed = sync(countly, { api_key });
    await expect(failed).rejects.toThrow(/401: User does not exist; check countly\.api_key/);
    await expect(failed).rejects.not.toThrow(api_key);
    expect(countly.requests.filter(({ url }) => url.href.includes(api_key))).toEqual([]);
  });
});
