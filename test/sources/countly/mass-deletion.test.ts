import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { CountlyApp } from "../../../src/emulators/countly/app.ts";
import {
  setClockBehind,
  useCountlyServers,
  type Countly,
  type StartOptions,
} from "../../support/countly.ts";
import { databases, type TestDatabase } from "../../support/databases.ts";
import { syncCountly } from "../../support/sync-countly.ts";
import { userIds } from "./expected-rows.ts";

type Settings = Parameters<typeof syncCountly>[1];
type Options = Parameters<typeof syncCountly>[2];

const allowed = { allowMassDeletion: true };
const afterAWeek = (weeks = 1): Options => ({
  startedAt: new Date(Date.now() + weeks * 8 * 86_400_000),
});

describe.each(databases)("on %s", (_name, newDatabase) => {
  let database: TestDatabase;
  const startServer = useCountlyServers();
  beforeEach(async () => {
    database = await newDatabase();
  });
  afterEach(async () => {
    await database.drop();
  });

  async function start(options: StartOptions = {}): Promise<Countly> {
    const countly = await startServer(options);
    setClockBehind(countly);
    return countly;
  }

  /** Syncs in pages of ten. Returns how it ended, and how many rows of each table it marked. */
  async function sync(countly: Countly, settings: Settings = {}, options: Options = {}) {
    const { url, apiKey } = countly;
    const given = { max_records_per_page: 10, ...settings };
    const target = { url, apiKey, destination: database.url };
    const { status, failures, counts } = await syncCountly(target, given, options);
    const marked = (stream: string): number => counts.get(stream)?.deleted ?? 0;
    return {
      status,
      errors: [...failures].map(([stream, { message }]) => `${stream}: ${message}`),
      marked: { apps: marked("apps"), groups: marked("groups"), users: marked("users") },
    };
  }

  /** The number of rows that are not marked as deleted. */
  async function living(table: string): Promise<number> {
    const [row] = await database.query(`SELECT count(*) AS n FROM ${table} WHERE NOT _deleted`);
    return Number(row?.["n"]);
  }

  function deleteUsers(app: CountlyApp, count: number): void {
    for (const id of userIds(app).slice(0, count)) app.deleteUser(id);
  }

  /** Deletes the users whose ids are read first, as these pages are committed first. */
  function deleteUsersReadFirst(app: CountlyApp, count: number): void {
    for (const id of userIds(app).reverse().slice(0, count)) app.deleteUser(id);
  }

  function addApps({ workspace }: Countly, count: number): readonly CountlyApp[] {
    return Array.from({ length: count }, () => workspace.addApp({ users: 2 }));
  }

  const none = { apps: 0, groups: 0, users: 0 };

  describe("the apps", () => {
    test("if far fewer are listed, mark nothing in any table until it is allowed", async () => {
      const countly = await start();
      const apps = addApps(countly, 40);
      const [kept] = apps;
      const last = kept?.addUser();
      await sync(countly);
      for (const { id } of apps.slice(10)) countly.workspace.deleteApp(id);
      // A user of an app that is still there.
      kept?.deleteUser(last?._id ?? "");
      for (const options of [{}, { fullRefresh: true }, afterAWeek()]) {
        const { status, errors, marked } = await sync(countly, {}, options);
        expect([status, marked]).toEqual(["failed", none]);
        expect(errors).toEqual([
          expect.stringMatching(/^apps: .*lists 10 apps, 40 the last time; nothing was marked/),
          expect.stringMatching(/^users: .*lists 10 apps, 40 the last time; nothing was marked/),
        ]);
        expect(errors[0]).toMatch(/--allow-mass-deletion or allow_mass_deletion: true$/);
      }
      expect(await sync(countly, {}, allowed)).toMatchObject({
        status: "completed",
        marked: { apps: 30, users: 61 },
      });
      expect(await sync(countly)).toMatchObject({ status: "completed", marked: none });
    });

    test("that are new are read although others are missing", async () => {
      const countly = await start();
      const apps = addApps(countly, 40);
      await sync(countly);
      for (const { id } of apps.slice(1)) countly.workspace.deleteApp(id);
      countly.workspace.addApp({ users: 3 });
      expect(await sync(countly)).toMatchObject({ status: "failed", marked: none });
      expect([await living("apps"), await living("users")]).toEqual([41, 83]);
    });

    test("of the configuration mark nothing if none is listed, unless the key allows it", async () => {
      const countly = await start();
      const apps = addApps(countly, 6);
      const app_id = apps.slice(0, 5).map(({ id }) => id);
      await sync(countly, { app_id });
      for (const id of app_id) countly.workspace.deleteApp(id);
      const { status, errors, marked } = await sync(countly, { app_id });
      expect([status, marked]).toEqual(["failed", none]);
      expect(errors[0]).toMatch(/lists 0 apps, 5 the last time/);
      expect(await sync(countly, { app_id, allow_mass_deletion: true })).toMatchObject({
        status: "completed",
        marked: { apps: 5, users: 10 },
      });
    });

    test("mark nothing if the server lists none at all", async () => {
      const countly = await start();
      addApps(countly, 6);
      await sync(countly);
      countly.faults.failingDatabase = true;
      expect(await sync(countly, {}, allowed)).toMatchObject({ status: "failed", marked: none });
    });

    test("are compared with the apps that were read, after an upgrade", async () => {
      const countly = await start();
      const apps = addApps(countly, 40);
      await sync(countly);
      await database.query(
        `UPDATE _rivulet_state SET checkpoint = '{"login":"form"}' WHERE partition = ''`,
      );
      for (const { id } of apps.slice(10)) countly.workspace.deleteApp(id);
      expect(await sync(countly)).toMatchObject({ status: "failed", marked: none });
    });
  });

  describe.each(["community", "enterprise", "original"] as const)("users from %s", (edition) => {
    test("of an app that lists less than half mark nothing until it is allowed", async () => {
      const countly = await start({ edition });
      const [app, other] = [
        countly.workspace.addApp({ users: 100 }),
        countly.workspace.addApp({ users: 9 }),
      ];
      await sync(countly);
      deleteUsersReadFirst(app, 60);
      deleteUsers(other, 1);
      const added = app.addUser();
      for (const [index, marked] of [1, 0, 0].entries()) {
        // The next day as well: it is not only the read after a week that finds it.
        const result = await sync(countly, {}, afterAWeek(1 + index / 100));
        expect(result).toMatchObject({ status: "failed", marked: { ...none, users: marked } });
        expect(result.errors).toEqual([
          expect.stringContaining(
            `users: app "${app.id}": lists 41 users, 100 the last time; nothing was marked as deleted`,
          ),
        ]);
      }
      const [row] = await database.query(
        `SELECT _deleted FROM users WHERE user_id = '${added._id}'`,
      );
      expect(row).toBeDefined();
      expect(await sync(countly, {}, { ...allowed, ...afterAWeek(1) })).toMatchObject({
        status: "completed",
        marked: { users: 60 },
      });
      expect(await sync(countly, {}, afterAWeek(2))).toMatchObject({ status: "completed" });
      expect(await living("users")).toBe(49);
    });

    test("of an app that lists half of them mark the others", async () => {
      const countly = await start({ edition });
      const app = countly.workspace.addApp({ users: 100 });
      await sync(countly);
      deleteUsersReadFirst(app, 50);
      expect(await sync(countly, {}, afterAWeek())).toMatchObject({
        status: "completed",
        marked: { users: 50 },
      });
    });

    test("of an app that is emptied mark nothing until it is allowed", async () => {
      const countly = await start({ edition });
      const app = countly.workspace.addApp({ users: 5 });
      await sync(countly);
      deleteUsers(app, 5);
      for (const weeks of [1, 2]) {
        const result = await sync(countly, {}, afterAWeek(weeks));
        expect(result).toMatchObject({ status: "failed", marked: none });
        expect(result.errors[0]).toMatch(/lists 0 users, 5 the last time/);
      }
      expect(await sync(countly, { allow_mass_deletion: true }, afterAWeek(3))).toMatchObject({
        status: "completed",
        marked: { users: 5 },
      });
      expect(await sync(countly, {}, afterAWeek(4))).toMatchObject({ status: "completed" });
    });
  });

  test("users are not halved by reads that are interrupted, and all are found in the end", async () => {
    const countly = await start();
    const app = countly.workspace.addApp({ users: 200 });
    await sync(countly);
    deleteUsersReadFirst(app, 30);
    const cut = async (pages: number, options: Options) => {
      let page = 0;
      countly.faults.onPage = () => {
        page += 1;
        if (page === pages) countly.faults.brokenApp = { app: app.id, status: 500 };
      };
      const result = await sync(countly, {}, options);
      delete countly.faults.onPage;
      delete countly.faults.brokenApp;
      return result;
    };
    // The read ends before half of the users were shown, and once more after that.
    expect(await cut(5, afterAWeek())).toMatchObject({ status: "partial", marked: none });
    expect(await cut(10, afterAWeek())).toMatchObject({ status: "partial" });
    expect(await sync(countly, {}, afterAWeek())).toMatchObject({ status: "completed" });
    expect(await living("users")).toBe(170);
  });

  test("users of which some were read before an interruption are not marked if the rest is gone", async () => {
    const countly = await start();
    const app = countly.workspace.addApp({ users: 200 });
    await sync(countly);
    deleteUsersReadFirst(app, 30);
    let page = 0;
    countly.faults.onPage = () => {
      page += 1;
      if (page === 5) countly.faults.brokenApp = { app: app.id, status: 500 };
    };
    await sync(countly, {}, afterAWeek());
    delete countly.faults.onPage;
    delete countly.faults.brokenApp;
    deleteUsers(app, 165);
    expect(await sync(countly, {}, afterAWeek())).toMatchObject({
      status: "failed",
      marked: none,
    });
    expect(await living("users")).toBe(200);
  });

  test("groups that are gone mark nothing until it is allowed", async () => {
    const countly = await start({ edition: "enterprise" });
    const app = countly.workspace.addApp({ users: 3 });
    const groups = Array.from({ length: 6 }, () => countly.workspace.addGroup());
    await sync(countly);
    for (const { id } of groups) countly.workspace.deleteGroup(id);
    deleteUsers(app, 1);
    for (const weeks of [1, 2]) {
      const result = await sync(countly, {}, afterAWeek(weeks));
      expect(result).toMatchObject({ status: "failed", marked: none });
      expect(result.errors[0]).toMatch(/^groups: .*lists 0 groups, 6 the last time/);
    }
    expect(await sync(countly, {}, { ...allowed, ...afterAWeek(3) })).toMatchObject({
      status: "completed",
      marked: { groups: 6, users: 1 },
    });
    expect(await sync(countly, {}, afterAWeek(4))).toMatchObject({ status: "completed" });
  });
});
