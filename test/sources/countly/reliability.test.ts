import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { newLog } from "../../../src/core/log.ts";
import { newRequestStats } from "../../../src/core/request-stats.ts";
import type { CountlyApp } from "../../../src/emulators/countly/app.ts";
import type { RequestHandler, ServerRequest } from "../../../src/emulators/http-server.ts";
import { countly as source } from "../../../src/sources/countly/source.ts";
import { startCountly, type Countly, type StartOptions } from "../../support/countly.ts";
import { newSqlite, type TestDatabase } from "../../support/databases.ts";
import { syncCountly } from "../../support/sync-countly.ts";
import { expectedRows, userIdsInStoredOrder, userIds, storedRows } from "./expected-rows.ts";

type Settings = Parameters<typeof syncCountly>[1];
type Options = Parameters<typeof syncCountly>[2];

const editions = ["community", "enterprise", "original"] as const;
const afterAWeek = (weeks = 1): Date => new Date(Date.now() + weeks * 8 * 86_400_000);

let database: TestDatabase;
const opened: Countly[] = [];
beforeEach(async () => {
  database = await newSqlite();
});
afterEach(async () => {
  for (const countly of opened.splice(0)) await countly[Symbol.asyncDispose]();
  await database.drop();
});

/** A server whose clock is ours. */
async function start(options: StartOptions = {}): Promise<Countly> {
  const countly = await startCountly(options);
  opened.push(countly);
  const { clock } = countly.workspace;
  clock.advance(Date.now() - 3_600_000 - clock.nowMs);
  return countly;
}

/** Syncs in pages of ten, without retries. */
function sync({ url, apiKey }: Countly, settings: Settings = {}, options: Options = {}) {
  const given = { max_records_per_page: 10, concurrency: 1, ...settings };
  return syncCountly({ url, apiKey, destination: database.url }, given, options);
}

/** Does something once so many pages of users have been put together. */
function onPage({ traps }: Countly, number: number, then: () => void): void {
  let asked = 0;
  traps.onPage = () => {
    asked += 1;
    if (asked === number) then();
  };
}

/** Syncs until the users of an app cannot be read any more, in the middle of a walk. */
async function interrupted(
  countly: Countly,
  app: string,
  { after = 5, ...options }: Options & { readonly after?: number } = {},
): Promise<void> {
  const { traps } = countly;
  onPage(countly, after, () => {
    traps.brokenApp = { app, status: 500 };
  });
  expect(await sync(countly, {}, options)).toMatchObject({ status: "partial" });
  delete traps.onPage;
  delete traps.brokenApp;
}

async function expectAsHeld(countly: Countly, edition: (typeof editions)[number]): Promise<void> {
  expect(await storedRows(database)).toEqual(expectedRows(countly.workspace, edition));
}

/** How many users the last walk through an app has shown, as its checkpoint says. */
async function usersSaved({ id }: CountlyApp): Promise<unknown> {
  const [saved] = await database.query(
    `SELECT checkpoint FROM _rivulet_state WHERE stream = 'users' AND partition = '${id}'`,
  );
  return (JSON.parse(String(saved?.["checkpoint"])) as Record<string, unknown>)["users"];
}

/** What answers a request instead of the service; undefined lets the service answer. */
interface Instead {
  answer:
    ((request: ServerRequest, service: RequestHandler) => RequestHandler | undefined) | undefined;
}

function intercepting(instead: Instead): NonNullable<StartOptions["intercept"]> {
  return (service) => (request, response) =>
    (instead.answer?.(request, service) ?? service)(request, response);
}

/** Which page of a sync comes empty, and whether all users are read in it. */
const pages = [0, 1, 2, 3, 4, 5, 6].flatMap((page) => [
  [page, true] as const,
  [page, false] as const,
]);

const refused: RequestHandler = (_request, response) => {
  response.writeHead(401).end('{"errors":[{"message":"the key was revoked"}]}');
};

test("a key that is revoked while the ways to read users are tried is not taken for an app that cannot be read", async () => {
  const instead: Instead = { answer: undefined };
  const countly = await start({
    edition: "enterprise",
    traps: { userDetailsMembers: ["_id", "did"] },
    intercept: intercepting(instead),
  });
  for (const users of [25, 3]) countly.workspace.addApp({ users });
  let isRevoked = false;
  instead.answer = ({ url }) => {
    isRevoked ||= url.pathname === "/o/export/db";
    return isRevoked ? refused : undefined;
  };
  await expect(sync(countly)).rejects.toThrow(/o\/apps\/all: 401: .*check countly.api_key/);
});

describe.each(editions)("from a server that is %s", (edition) => {
  test("a key that is revoked in the middle ends the sync for a person to mend, and takes nothing away", async () => {
    const instead: Instead = { answer: undefined };
    const countly = await start({ edition, intercept: intercepting(instead) });
    for (const users of [25, 3]) countly.workspace.addApp({ users });
    countly.workspace.addGroup();
    await sync(countly);
    const requests = countly.requests.length;
    for (let passed = 0; passed < requests; passed += 1) {
      let asked = 0;
      instead.answer = () => ((asked += 1) > passed ? refused : undefined);
      const { message } = await sync(countly, {}, { startedAt: afterAWeek() }).then(
        ({ status }) => new Error(status),
        (error: unknown) => error as Error,
      );
      if (asked <= passed) break;
      expect(message, `after ${passed} requests`).toMatch(/401/);
      await expectAsHeld(countly, edition);
    }
  });

  test("one page that comes empty, whichever it is, is not taken for the end", async () => {
    const instead: Instead = { answer: undefined };
    const countly = await start({ edition, intercept: intercepting(instead) });
    const app = countly.workspace.addApp({ users: 25 });
    countly.workspace.addGroup();
    await sync(countly);
    for (const [page, isFull] of pages) {
      for (let n = 0; n < 12; n += 1) app.addUser();
      app.updateUser(userIds(app)[page] ?? "", { gender: "F" }, { silently: isFull });
      let asked = 0;
      instead.answer = emptying(() => (asked += 1) === page + 1);
      const options = isFull ? { fullRefresh: true } : {};
      const { status } = await sync(countly, {}, options);
      instead.answer = undefined;
      if (status === "completed") await expectAsHeld(countly, edition);
      await sync(countly, {}, options);
      await expectAsHeld(countly, edition);
    }
  });

  test("a walk that is taken up again sees also what happened on the pages that it had passed", async () => {
    const countly = await start({ edition });
    const app = countly.workspace.addApp({ users: 60 });
    await interrupted(countly, app.id);
    app.updateUser(userIds(app).at(-1) ?? "", { gender: "F" });
    for (let n = 0; n < 20; n += 1) app.addUser();
    expect(await sync(countly)).toMatchObject({ status: "completed" });
    await expectAsHeld(countly, edition);
  });

  test("an interrupted walk from before the last resync was due is followed by another one", async () => {
    const countly = await start({ edition });
    const app = countly.workspace.addApp({ users: 60 });
    await interrupted(countly, app.id);
    app.deleteUser(userIds(app).at(-1) ?? "");
    expect(await sync(countly, {}, { startedAt: afterAWeek() })).toMatchObject({
      status: "completed",
    });
    await expectAsHeld(countly, edition);
  });

  test.skipIf(edition === "original").each([0, 1])(
    "whose users all went after an interrupted walk has none, as the server counts, %i weeks later",
    async (weeks) => {
      const countly = await start({ edition });
      const app = countly.workspace.addApp({ users: 60 });
      await interrupted(countly, app.id);
      for (const id of userIds(app)) app.deleteUser(id);
      expect(await sync(countly, {}, { startedAt: afterAWeek(weeks) })).toMatchObject({
        status: "completed",
      });
      await expectAsHeld(countly, edition);
      expect(await usersSaved(app)).toBe(0);
    },
  );

  test.skipIf(edition === "original")(
    "whose users all go in the middle of a walk has none, also where the table is new",
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
    "of whom only those went that a walk was after keeps the others",
    async () => {
      const countly = await start({ edition });
      const { clock } = countly.workspace;
      const app = countly.workspace.addApp({ users: 5 });
      await sync(countly);
      const before = userIds(app);
      clock.advance(1_800_000);
      for (let n = 0; n < 90; n += 1) app.addUser();
      await interrupted(countly, app.id, { after: 8 });
      for (const id of userIds(app)) if (!before.includes(id)) app.deleteUser(id);
      for (const id of before.slice(0, 3)) app.deleteUser(id);
      expect(await sync(countly)).toMatchObject({ status: "completed" });
      const { users } = await storedRows(database);
      expect(users?.map((user) => user["user_id"])).toEqual(expect.arrayContaining(before));
      expect(await usersSaved(app)).toBeGreaterThanOrEqual(5);
      await sync(countly, {}, { startedAt: afterAWeek() });
      await expectAsHeld(countly, edition);
    },
  );

  test.skipIf(edition === "original").each([
    { after: 1, isInterrupted: true },
    { after: 2, isInterrupted: true },
    { after: 8, isInterrupted: true },
    { after: 8, isInterrupted: false },
  ])(
    "that had none keeps none of those who were shown before all of them went: %o",
    async ({ after, isInterrupted }) => {
      const countly = await start({ edition });
      const app = countly.workspace.addApp({ users: 5 });
      const emptied = (): void => {
        for (const id of userIds(app)) app.deleteUser(id);
      };
      await sync(countly);
      emptied();
      const startedAt = afterAWeek();
      await sync(countly, {}, { startedAt });
      expect(await usersSaved(app)).toBe(0);
      countly.workspace.clock.advance(8 * 86_400_000);
      for (let n = 0; n < 90; n += 1) app.addUser();
      if (isInterrupted) {
        await interrupted(countly, app.id, { after, startedAt });
        emptied();
      } else onPage(countly, after, emptied);
      expect(await sync(countly, {}, { startedAt })).toMatchObject({ status: "completed" });
      await sync(countly, {}, { startedAt: afterAWeek(2) });
      await expectAsHeld(countly, edition);
    },
  );

  test.skipIf(edition === "original")(
    "that had none has none again once everything is read, whatever an interrupted walk has shown",
    async () => {
      const countly = await start({ edition });
      const app = countly.workspace.addApp();
      await sync(countly);
      expect(await usersSaved(app)).toBe(0);
      for (let n = 0; n < 60; n += 1) app.addUser();
      await interrupted(countly, app.id);
      for (const id of userIds(app)) app.deleteUser(id);
      await sync(countly, {}, { fullRefresh: true });
      await expectAsHeld(countly, edition);
    },
  );

  test("whoever is read is of an app that is known, so that they go when it goes", async () => {
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
      const known = new Set<unknown>();
      const options = { checkpoints: new Map(), fullRefresh: false, startedAt: new Date() };
      const parts = stream.read({ ...options, signal, log });
      for await (const { rows, partition, checkpoint } of parts) {
        if (checkpoint) known.add(partition);
        expect(rows.map((row) => row["app_id"]).filter((id) => !known.has(id))).toEqual([]);
      }
    }
  });

  test("an app that no state knows any more goes with the next resync", async () => {
    const countly = await start({ edition });
    countly.workspace.addApp({ users: 25 });
    await sync(countly);
    const gone = countly.workspace.addApp({ users: 3 });
    await sync(countly);
    await database.query(`DELETE FROM _rivulet_state WHERE partition = '${gone.id}'`);
    countly.workspace.deleteApp(gone.id);
    await sync(countly, {}, { startedAt: afterAWeek() });
    await expectAsHeld(countly, edition);
  });
});

test.each(editions)(
  "an app without users that could not be read leaves quarantine when it can (%s)",
  async (edition) => {
    const countly = await start({ edition });
    const [app] = [countly.workspace.addApp(), countly.workspace.addApp({ users: 3 })];
    await sync(countly);
    countly.traps.brokenApp = { app: app.id, status: 500 };
    expect(await sync(countly)).toMatchObject({ status: "partial" });
    delete countly.traps.brokenApp;
    expect(await sync(countly)).toMatchObject({ status: "completed" });
  },
);

test.each(["community", "enterprise"] as const)(
  "an app that lost all its users, and its state, loses them here (%s)",
  async (edition) => {
    const countly = await start({ edition });
    const app = countly.workspace.addApp({ users: 25 });
    await sync(countly);
    for (const id of userIds(app)) app.deleteUser(id);
    await database.query("DELETE FROM _rivulet_state WHERE stream = 'users'");
    await sync(countly);
    await expectAsHeld(countly, edition);
    const before = countly.requests.length;
    await sync(countly);
    const asked = countly.requests.slice(before);
    expect(asked.filter(({ url }) => url.pathname.endsWith("consents"))).toEqual([]);
  },
);

test("a gateway whose new users shift between two pages loses none of them", async () => {
  const countly = await start({ edition: "original" });
  const { clock } = countly.workspace;
  const app = countly.workspace.addApp({ users: 40 });
  await sync(countly);
  clock.advance(1_800_000);
  // They stand at the front of the list, until they are active again.
  for (const id of userIdsInStoredOrder(app).slice(0, 25)) app.updateUser(id, { gender: "F" });
  clock.advance(1_800_000);
  app.addUser();
  const startedAt = new Date(clock.nowMs);
  countly.traps.onPage = () => {
    delete countly.traps.onPage;
    for (const id of userIdsInStoredOrder(app).slice(-26, -23)) moveToEnd(app, id);
  };
  await sync(countly, {}, { startedAt });
  await sync(countly, { lookback_minutes: 0 }, { startedAt });
  await expectAsHeld(countly, "original");
});

test("a gateway that shows the users of all apps, whichever it is asked for, leaves each in its own", async () => {
  const instead: Instead = { answer: undefined };
  const countly = await start({ edition: "original", intercept: intercepting(instead) });
  const { workspace } = countly;
  for (const users of [25, 3]) workspace.addApp({ users });
  const everybody = (strangers: readonly object[]): Instead["answer"] => {
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
  instead.answer = everybody([]);
  for (const startedAt of [new Date(), afterAWeek()]) {
    expect(await sync(countly, {}, { startedAt })).toMatchObject({ status: "completed" });
    await expectAsHeld(countly, "original");
  }
  instead.answer = everybody([{ _id: "someone", app_id: "nowhere" }]);
  expect(await sync(countly, {}, { startedAt: afterAWeek(2) })).toMatchObject({
    status: "partial",
  });
  await expectAsHeld(countly, "original");
  const [stranger] = await database.query("SELECT key, reason FROM _rivulet_quarantine");
  expect(stranger?.["key"]).toBe('["someone"]');
  expect(stranger?.["reason"]).toMatch(/names app "nowhere", which the server does not list/);
  instead.answer = everybody([]);
  expect(await sync(countly, {}, { startedAt: afterAWeek(3) })).toMatchObject({
    status: "completed",
  });
});

/** Takes a user out of the list, and puts them at its end. */
function moveToEnd(app: CountlyApp, id: string): void {
  const user = app.users.get(id);
  app.deleteUser(id);
  app.users.put({ ...user, gender: "M", _id: id });
}

/** Takes the rows out of a page of a list, where it is said so of one that has some. */
function emptying(isHit: () => boolean): Instead["answer"] {
  return (request, service) => async (_request, response) => {
    const sent: string[] = [];
    let status = 200;
    const pretended = {
      writeHead: (given: number) => {
        status = given;
      },
      write: (text: string) => sent.push(text),
      end: () => undefined,
    };
    await service(request, pretended as never);
    const body = sent.join("");
    const isPage = /^\[\{|"(?:aaData|data)":\[\{/.test(body);
    const text = isPage && isHit() ? body.replace(/\[\{.*\}\]/s, "[]") : body;
    response.writeHead(status).end(text);
  };
}

test("an array that is cut after its first user is not taken for the end, in a first sync nor in a resync", async () => {
  const countly = await start({ edition: "community" });
  countly.workspace.addApp({ users: 55 });
  const { traps } = countly;
  for (const options of [{}, { startedAt: afterAWeek() }]) {
    let pages = 0;
    traps.onPage = ({ path }) => {
      if (path !== "/o/export/db") return;
      pages += 1;
      if (pages === 3) traps.truncateExport = { afterRows: 1 };
      else delete traps.truncateExport;
    };
    expect(await sync(countly, {}, options)).toMatchObject({ status: "completed" });
    expect(pages).toBeGreaterThan(3);
    await expectAsHeld(countly, "community");
  }
});

test.each(["{}", '{"app":{}}'])(
  "details of an app that come empty take nothing away: %s",
  async (details) => {
    const instead: Instead = { answer: undefined };
    const countly = await start({ edition: "community", intercept: intercepting(instead) });
    countly.workspace.addApp({ users: 3 });
    await sync(countly);
    instead.answer = ({ url }) =>
      url.pathname === "/o/apps/details"
        ? (_request, response) => void response.end(details)
        : undefined;
    expect((await sync(countly)).failures.get("apps")?.message).toMatch(/has no details/);
    await expectAsHeld(countly, "community");
  },
);

test("a sync whose clock was far ahead does not put off the next resync for as long", async () => {
  const countly = await start();
  for (const users of [25, 3]) countly.workspace.addApp({ users });
  await sync(countly, {}, { startedAt: afterAWeek(100) });
  const [app] = countly.workspace.apps;
  app?.deleteUser(userIds(app)[0] ?? "");
  await sync(countly, {}, { startedAt: afterAWeek() });
  await expectAsHeld(countly, "community");
});

test("an app that is emptied, filled and emptied again keeps no user", async () => {
  const countly = await start({ edition: "community" });
  const app = countly.workspace.addApp({ users: 5 });
  const emptied = (): void => {
    for (const id of userIds(app)) app.deleteUser(id);
  };
  await sync(countly);
  emptied();
  await sync(countly, {}, { startedAt: afterAWeek() });
  countly.workspace.clock.advance(8 * 86_400_000);
  for (let n = 0; n < 4; n += 1) app.addUser();
  await sync(countly, {}, { startedAt: new Date(afterAWeek().getTime() + 3_600_000) });
  await expectAsHeld(countly, "community");
  emptied();
  await sync(countly, {}, { startedAt: afterAWeek(2) });
  await expectAsHeld(countly, "community");
});
