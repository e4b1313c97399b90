import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { newLog } from "../../../src/core/log.ts";
import { newRequestStats } from "../../../src/core/request-stats.ts";
import type { CountlyApp } from "../../../src/emulators/countly/app.ts";
import type { RequestHandler, ServerRequest } from "../../../src/emulators/http-server.ts";
import { countly as source } from "../../../src/sources/countly/source.ts";
import {
  setClockBehind,
  useCountlyServers,
  type Countly,
  type StartOptions,
} from "../../support/countly.ts";
import { newSqlite, type TestDatabase } from "../../support/databases.ts";
import { syncCountly } from "../../support/sync-countly.ts";
import { expectedRows, userIdsInStoredOrder, userIds, storedRows } from "./expected-rows.ts";

type Settings = Parameters<typeof syncCountly>[1];
type Options = Parameters<typeof syncCountly>[2];

const editions = ["community", "enterprise", "original"] as const;
const allowMassDeletion = true;
const afterAWeek = (weeks = 1): Date => new Date(Date.now() + weeks * 8 * 86_400_000);

let database: TestDatabase;
const startServer = useCountlyServers();
beforeEach(async () => {
  database = await newSqlite();
});
afterEach(async () => {
  await database.drop();
});

/** A server whose clock is an hour behind ours. */
async function start(options: StartOptions = {}): Promise<Countly> {
  const countly = await startServer(options);
  setClockBehind(countly);
  return countly;
}

/** Syncs in pages of ten, without retries. */
function sync({ url, apiKey }: Countly, settings: Settings = {}, options: Options = {}) {
  const given = { max_records_per_page: 10, concurrency: 1, ...settings };
  return syncCountly({ url, apiKey, destination: database.url }, given, options);
}

/** Calls `then` when the emulator has built this many pages. */
function onPage({ faults }: Countly, number: number, then: () => void): void {
  let pages = 0;
  faults.onPage = () => {
    pages += 1;
    if (pages === number) then();
  };
}

/** Runs a sync during which reading the users of an app starts to fail. */
async function interruptRead(
  countly: Countly,
  app: string,
  { after = 5, ...options }: Options & { readonly after?: number } = {},
): Promise<void> {
  const { faults } = countly;
  onPage(countly, after, () => {
    faults.brokenApp = { app, status: 500 };
  });
  expect(await sync(countly, {}, options)).toMatchObject({ status: "partial" });
  delete faults.onPage;
  delete faults.brokenApp;
}

async function expectCopied(countly: Countly, edition: (typeof editions)[number]): Promise<void> {
  expect(await storedRows(database)).toEqual(expectedRows(countly.workspace, edition));
}

/** The number of an app's users in its checkpoint. */
async function usersSaved({ id }: CountlyApp): Promise<unknown> {
  const [saved] = await database.query(
    `SELECT checkpoint FROM _rivulet_state WHERE stream = 'users' AND partition = '${id}'`,
  );
  return (JSON.parse(String(saved?.["checkpoint"])) as Record<string, unknown>)["users"];
}

/** Replaces responses of the service; undefined leaves a response as it is. */
interface Override {
  respond:
    ((request: ServerRequest, service: RequestHandler) => RequestHandler | undefined) | undefined;
}

function intercepting(override: Override): NonNullable<StartOptions["intercept"]> {
  return (service) => (request, response) =>
    (override.respond?.(request, service) ?? service)(request, response);
}

/** Which page of a sync is empty, and whether the sync reads all users. */
const pages = [0, 1, 2, 3, 4, 5, 6].flatMap((page) => [
  [page, true] as const,
  [page, false] as const,
]);

const refused: RequestHandler = (_request, response) => {
  response.writeHead(401).end('{"errors":[{"message":"the key was revoked"}]}');
};

test("a key revoked while the endpoints are tried is not taken for an unreadable app", async () => {
  const override: Override = { respond: undefined };
  const countly = await start({
    edition: "enterprise",
    faults: { userDetailsMembers: ["_id", "did"] },
    intercept: intercepting(override),
  });
  for (const users of [25, 3]) countly.workspace.addApp({ users });
  let isRevoked = false;
  override.respond = ({ url }) => {
    isRevoked ||= url.pathname === "/o/export/db";
    return isRevoked ? refused : undefined;
  };
  await expect(sync(countly)).rejects.toThrow(/o\/apps\/all: 401: .*check countly.api_key/);
});

describe.each(editions)("from a server that is %s", (edition) => {
  test("a key revoked during the sync is a configuration error and deletes nothing", async () => {
    const override: Override = { respond: undefined };
    const countly = await start({ edition, intercept: intercepting(override) });
    for (const users of [25, 3]) countly.workspace.addApp({ users });
    countly.workspace.addGroup();
    await sync(countly);
    const requests = countly.requests.length;
    for (let allowed = 0; allowed < requests; allowed += 1) {
      let sent = 0;
      override.respond = () => ((sent += 1) > allowed ? refused : undefined);
      const { message } = await sync(countly, {}, { startedAt: afterAWeek() }).then(
        ({ status }) => new Error(status),
        (error: unknown) => error as Error,
      );
      if (sent <= allowed) break;
      expect(message, `after ${allowed} requests`).toMatch(/401/);
      await expectCopied(countly, edition);
    }
  });

  test("an empty page, whichever it is, is not taken for the end", async () => {
    const override: Override = { respond: undefined };
    const countly = await start({ edition, intercept: intercepting(override) });
    const app = countly.workspace.addApp({ users: 25 });
    countly.workspace.addGroup();
    await sync(countly);
    for (const [page, isFull] of pages) {
      for (let n = 0; n < 12; n += 1) app.addUser();
      app.updateUser(userIds(app)[page] ?? "", { gender: "F" }, { silently: isFull });
      let number = 0;
      override.respond = emptying(() => (number += 1) === page + 1);
      const options = isFull ? { fullRefresh: true } : {};
      const { status } = await sync(countly, {}, options);
      override.respond = undefined;
      if (status === "completed") await expectCopied(countly, edition);
      await sync(countly, {}, options);
      await expectCopied(countly, edition);
    }
  });

  test("a resumed read also finds changes on the pages before", async () => {
    const countly = await start({ edition });
    const app = countly.workspace.addApp({ users: 60 });
    await interruptRead(countly, app.id);
    app.updateUser(userIds(app).at(-1) ?? "", { gender: "F" });
    for (let n = 0; n < 20; n += 1) app.addUser();
    expect(await sync(countly)).toMatchObject({ status: "completed" });
    await expectCopied(countly, edition);
  });

  test("a resumed read is followed by another one if a resync is due", async () => {
    const countly = await start({ edition });
    const app = countly.workspace.addApp({ users: 60 });
    await interruptRead(countly, app.id);
    app.deleteUser(userIds(app).at(-1) ?? "");
    expect(await sync(countly, {}, { startedAt: afterAWeek() })).toMatchObject({
      status: "completed",
    });
    await expectCopied(countly, edition);
  });

  test.skipIf(edition === "original").each([0, 1])(
    "an app that was emptied after an interrupted read has no users %i weeks later",
    async (weeks) => {
      const countly = await start({ edition });
      const app = countly.workspace.addApp({ users: 60 });
      await interruptRead(countly, app.id);
      for (const id of userIds(app)) app.deleteUser(id);
      const options = { allowMassDeletion, startedAt: afterAWeek(weeks) };
      expect(await sync(countly, {}, options)).toMatchObject({ status: "completed" });
      await expectCopied(countly, edition);
      expect(await usersSaved(app)).toBe(0);
    },
  );

  test.skipIf(edition === "original")(
    "an app that is emptied during its first read has no users",
    async () => {
      const countly = await start({ edition });
      const app = countly.workspace.addApp({ users: 60 });
      onPage(countly, 4, () => {
        for (const id of userIds(app)) app.deleteUser(id);
      });
      expect(await sync(countly)).toMatchObject({ status: "completed" });
      expect(await database.query("SELECT user_id FROM users")).not.toEqual([]);
      expect((await storedRows(database))["users"]).toEqual([]);
      expect(await usersSaved(app)).toBe(0);
    },
  );

  test.skipIf(edition === "original")(
    "an app keeps its other users if all that a read covers are deleted",
    async () => {
      const countly = await start({ edition });
      const { clock } = countly.workspace;
      const app = countly.workspace.addApp({ users: 5 });
      await sync(countly);
      const before = userIds(app);
      clock.advance(1_800_000);
      for (let n = 0; n < 90; n += 1) app.addUser();
      await interruptRead(countly, app.id, { after: 8 });
      for (const id of userIds(app)) if (!before.includes(id)) app.deleteUser(id);
      for (const id of before.slice(0, 3)) app.deleteUser(id);
      expect(await sync(countly)).toMatchObject({ status: "completed" });
      const { users } = await storedRows(database);
      expect(users?.map((user) => user["user_id"])).toEqual(expect.arrayContaining(before));
      expect(await usersSaved(app)).toBeGreaterThanOrEqual(5);
      await sync(countly, {}, { allowMassDeletion, startedAt: afterAWeek() });
      await expectCopied(countly, edition);
    },
  );

  test.skipIf(edition === "original").each([
    { after: 1, isInterrupted: true },
    { after: 2, isInterrupted: true },
    { after: 8, isInterrupted: true },
    { after: 8, isInterrupted: false },
  ])(
    "an app that was empty keeps no user who came and went: %o",
    async ({ after, isInterrupted }) => {
      const countly = await start({ edition });
      const app = countly.workspace.addApp({ users: 5 });
      const removeAll = (): void => {
        for (const id of userIds(app)) app.deleteUser(id);
      };
      await sync(countly);
      removeAll();
      const startedAt = afterAWeek();
      await sync(countly, {}, { allowMassDeletion, startedAt });
      expect(await usersSaved(app)).toBe(0);
      countly.workspace.clock.advance(8 * 86_400_000);
      for (let n = 0; n < 90; n += 1) app.addUser();
      if (isInterrupted) {
        await interruptRead(countly, app.id, { after, startedAt });
        removeAll();
      } else onPage(countly, after, removeAll);
      const options = { allowMassDeletion, startedAt };
      expect(await sync(countly, {}, options)).toMatchObject({ status: "completed" });
      await sync(countly, {}, { allowMassDeletion, startedAt: afterAWeek(2) });
      await expectCopied(countly, edition);
    },
  );

  test.skipIf(edition === "original")(
    "an app that is empty again has no users after a full refresh, despite an interrupted read",
    async () => {
      const countly = await start({ edition });
      const app = countly.workspace.addApp();
      await sync(countly);
      expect(await usersSaved(app)).toBe(0);
      for (let n = 0; n < 60; n += 1) app.addUser();
      await interruptRead(countly, app.id);
      for (const id of userIds(app)) app.deleteUser(id);
      await sync(countly, {}, { allowMassDeletion, fullRefresh: true });
      await expectCopied(countly, edition);
    },
  );

  test("an app has a checkpoint before its first rows, so that they are swept when it is deleted", async () => {
    const countly = await start({ edition });
    for (const users of [25, 3]) countly.workspace.addApp({ users });
    const { signal } = new AbortController();
    const log = newLog(() => undefined);
    const config = source.config.parse({
      ...{ base_url: countly.url, api_key: countly.apiKey, app_id: "*" },
      ...{ max_records_per_page: 10, concurrency: 1 },
    });
    for (const stream of source.streams(config, { log, transfer: newRequestStats(), signal })) {
      if (stream.name === "groups") continue;
      const partitions = new Set<unknown>();
      const options = { checkpoints: new Map(), fullRefresh: false, startedAt: new Date() };
      const batches = stream.read({ ...options, signal, log });
      for await (const { rows, partition, checkpoint } of batches) {
        if (checkpoint) partitions.add(partition);
        expect(rows.map((row) => row["app_id"]).filter((id) => !partitions.has(id))).toEqual([]);
      }
    }
  });

  test("an app missing from the state is swept by the next resync", async () => {
    const countly = await start({ edition });
    countly.workspace.addApp({ users: 25 });
    await sync(countly);
    const deleted = countly.workspace.addApp({ users: 3 });
    await sync(countly);
    await database.query(`DELETE FROM _rivulet_state WHERE partition = '${deleted.id}'`);
    countly.workspace.deleteApp(deleted.id);
    await sync(countly, {}, { startedAt: afterAWeek() });
    await expectCopied(countly, edition);
  });
});

test.each(editions)(
  "an app without users leaves quarantine once it can be read (%s)",
  async (edition) => {
    const countly = await start({ edition });
    const [app] = [countly.workspace.addApp(), countly.workspace.addApp({ users: 3 })];
    await sync(countly);
    countly.faults.brokenApp = { app: app.id, status: 500 };
    expect(await sync(countly)).toMatchObject({ status: "partial" });
    delete countly.faults.brokenApp;
    expect(await sync(countly)).toMatchObject({ status: "completed" });
  },
);

test.each(["community", "enterprise"] as const)(
  "the users of an app that was emptied are marked as deleted, even without state (%s)",
  async (edition) => {
    const countly = await start({ edition });
    const app = countly.workspace.addApp({ users: 25 });
    await sync(countly);
    for (const id of userIds(app)) app.deleteUser(id);
    await database.query("DELETE FROM _rivulet_state WHERE stream = 'users'");
    await sync(countly);
    await expectCopied(countly, edition);
    const before = countly.requests.length;
    await sync(countly);
    const later = countly.requests.slice(before);
    expect(later.filter(({ url }) => url.pathname.endsWith("consents"))).toEqual([]);
  },
);

test("no user is lost if users of a gateway move between two pages", async () => {
  const countly = await start({ edition: "original" });
  const { clock } = countly.workspace;
  const app = countly.workspace.addApp({ users: 40 });
  await sync(countly);
  clock.advance(1_800_000);
  // They are at the front of the list until they are active again.
  for (const id of userIdsInStoredOrder(app).slice(0, 25)) app.updateUser(id, { gender: "F" });
  clock.advance(1_800_000);
  app.addUser();
  const startedAt = new Date(clock.nowMs);
  countly.faults.onPage = () => {
    delete countly.faults.onPage;
    for (const id of userIdsInStoredOrder(app).slice(-26, -23)) moveToEnd(app, id);
  };
  await sync(countly, {}, { startedAt });
  await sync(countly, { lookback_minutes: 0 }, { startedAt });
  await expectCopied(countly, "original");
});

test("a gateway that always lists the users of all apps mixes none", async () => {
  const override: Override = { respond: undefined };
  const countly = await start({ edition: "original", intercept: intercepting(override) });
  const { workspace } = countly;
  for (const users of [25, 3]) workspace.addApp({ users });
  const withEverybody = (strangers: readonly object[]): Override["respond"] => {
    return ({ url, body }) => {
      if (url.pathname !== "/o/users/all") return undefined;
      const users = workspace.apps.flatMap((app) =>
        userIdsInStoredOrder(app).map((id) => ({ ...app.users.get(id), app_id: app.id })),
      );
      const form = new URLSearchParams(body);
      const skip = Number(form.get("skip"));
      const data = [...users, ...strangers].slice(skip, skip + Number(form.get("limit")));
      return (_request, response) => void response.end(JSON.stringify({ data }));
    };
  };
  override.respond = withEverybody([]);
  for (const startedAt of [new Date(), afterAWeek()]) {
    expect(await sync(countly, {}, { startedAt })).toMatchObject({ status: "completed" });
    await expectCopied(countly, "original");
  }
  override.respond = withEverybody([{ _id: "someone", app_id: "nowhere" }]);
  expect(await sync(countly, {}, { startedAt: afterAWeek(2) })).toMatchObject({
    status: "partial",
  });
  await expectCopied(countly, "original");
  const [stranger] = await database.query("SELECT key, reason FROM _rivulet_quarantine");
  expect(stranger?.["key"]).toBe('["someone"]');
  expect(stranger?.["reason"]).toMatch(/names app "nowhere", which the server does not list/);
  override.respond = withEverybody([]);
  expect(await sync(countly, {}, { startedAt: afterAWeek(3) })).toMatchObject({
    status: "completed",
  });
});

/** Moves a user to the end of the list. */
function moveToEnd(app: CountlyApp, id: string): void {
  const user = app.users.get(id);
  app.deleteUser(id);
  app.users.put({ ...user, gender: "M", _id: id });
}

/** Empties those pages with rows for which `isHit` says so. */
function emptying(isHit: () => boolean): Override["respond"] {
  return (request, service) => async (_request, response) => {
    const sent: string[] = [];
    let status = 200;
    const recorder = {
      writeHead: (code: number) => {
        status = code;
      },
      write: (text: string) => sent.push(text),
      end: () => undefined,
    };
    await service(request, recorder as never);
    const body = sent.join("");
    const isPage = /^\[\{|"(?:aaData|data)":\[\{/.test(body);
    const text = isPage && isHit() ? body.replace(/\[\{.*\}\]/s, "[]") : body;
    response.writeHead(status).end(text);
  };
}

test("an array truncated after its first user is not taken for the end, in a first sync or a resync", async () => {
  const countly = await start({ edition: "community" });
  countly.workspace.addApp({ users: 55 });
  const { faults } = countly;
  for (const options of [{}, { startedAt: afterAWeek() }]) {
    let pages = 0;
    faults.onPage = ({ path }) => {
      if (path !== "/o/export/db") return;
      pages += 1;
      if (pages === 3) faults.truncateExport = { afterRows: 1 };
      else delete faults.truncateExport;
    };
    expect(await sync(countly, {}, options)).toMatchObject({ status: "completed" });
    expect(pages).toBeGreaterThan(3);
    await expectCopied(countly, "community");
  }
});

test.each(["{}", '{"app":{}}'])("empty details of an app erase nothing: %s", async (details) => {
  const override: Override = { respond: undefined };
  const countly = await start({ edition: "community", intercept: intercepting(override) });
  countly.workspace.addApp({ users: 3 });
  await sync(countly);
  override.respond = ({ url }) =>
    url.pathname === "/o/apps/details"
      ? (_request, response) => void response.end(details)
      : undefined;
  expect((await sync(countly)).failures.get("apps")?.message).toMatch(/has no details/);
  await expectCopied(countly, "community");
});

test("a sync whose clock was far ahead does not postpone the next resync", async () => {
  const countly = await start();
  for (const users of [25, 3]) countly.workspace.addApp({ users });
  await sync(countly, {}, { startedAt: afterAWeek(100) });
  const [app] = countly.workspace.apps;
  app?.deleteUser(userIds(app)[0] ?? "");
  await sync(countly, {}, { startedAt: afterAWeek() });
  await expectCopied(countly, "community");
});

test("an app that is emptied, filled and emptied again keeps no users", async () => {
  const countly = await start({ edition: "community" });
  const app = countly.workspace.addApp({ users: 5 });
  const removeAll = (): void => {
    for (const id of userIds(app)) app.deleteUser(id);
  };
  await sync(countly);
  removeAll();
  await sync(countly, {}, { startedAt: afterAWeek() });
  countly.workspace.clock.advance(8 * 86_400_000);
  for (let n = 0; n < 4; n += 1) app.addUser();
  await sync(countly, {}, { startedAt: new Date(afterAWeek().getTime() + 3_600_000) });
  await expectCopied(countly, "community");
  removeAll();
  await sync(countly, {}, { startedAt: afterAWeek(2) });
  await expectCopied(countly, "community");
});
