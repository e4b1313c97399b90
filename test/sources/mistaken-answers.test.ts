import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CountlyWorkspace } from "../../src/emulators/countly/workspace.ts";
import { countly } from "../../src/sources/countly/source.ts";
import { startHttpProxy, type HttpProxy } from "../chaos/http-proxy.ts";
import { startCountly } from "../support/countly.ts";
import { newSqlite, type TestDatabase } from "../support/databases.ts";
import { respond } from "../support/faults.ts";
import { startOpik, type Opik } from "../support/opik.ts";
import { syncSource, syncOpik } from "../support/sync-source.ts";

/** Answers that are valid JSON of a shape that no service has: they prove nothing. */

let database: TestDatabase;
let proxy: HttpProxy | undefined;
beforeEach(async () => {
  database = await newSqlite();
});
afterEach(async () => {
  await proxy?.[Symbol.asyncDispose]();
  await database.drop();
});

/** Puts a proxy before the service. */
async function startProxy(url: string): Promise<string> {
  proxy = await startHttpProxy(url);
  return proxy.url;
}

/** From now on, changes the JSON texts from paths with this ending. */
function garble(path: string, change: (body: string) => string): void {
  if (!proxy) throw new Error("there is no proxy yet");
  proxy.fault = ({ request, body }) =>
    request.url.pathname.endsWith(path) ? respond(change(body)) : undefined;
}

function endGarbling(): void {
  if (proxy) proxy.fault = undefined;
}

async function quarantined(): Promise<number> {
  return (await database.query("SELECT key FROM _rivulet_quarantine")).length;
}

async function deleted(table: string): Promise<number> {
  const [row] = await database.query(`SELECT count(*) AS n FROM ${table} WHERE _deleted`);
  return Number(row?.["n"]);
}

/** The first id of an answer becomes a list with it. */
const idInList = (name: string) => (body: string) =>
  body.replace(new RegExp(`"${name}":("[^"]*")`), (_all, id: string) => `"${name}":[${id}]`);

/** A list of rows, with another element before them. */
const withElement = (element: string) => (body: string) =>
  body.replace(/^\[|"(?:content|data)":\[/, (start) => `${start}${element},`);

describe("Opik", () => {
  let service: Opik;
  beforeEach(async () => {
    service = await startOpik();
    service.workspace.addProject({ name: "p" });
    service.workspace.addProject({ name: "q" });
    const dataset = service.workspace.addDataset({ name: "d" });
    dataset.addItems([{ data: { n: 1 } }, { data: { n: 2 } }, { data: { n: 3 } }]);
  });
  afterEach(() => service[Symbol.asyncDispose]());

  test.each([
    { path: "/items", table: "opik_dataset_item", key: "item_id", id: "dataset_item_id" },
    { path: "/projects", table: "opik_project", key: "project_id" },
    { path: "/datasets", table: "opik_dataset", key: "dataset_id" },
  ])("an id in $path that is a list is the key of no row, and marks none", async (given) => {
    const { path, table, key, id = "id" } = given;
    const options = { url: await startProxy(service.url), destination: database.url };
    await syncOpik(options);
    const later = { fullRefresh: true, startedAt: new Date(Date.now() + 3_600_000) };
    garble(path, idInList(id));
    service.workspace.clock.advance(3_600_000);
    const { status } = await syncOpik(options, {}, later).catch(() => ({ status: "" }));
    expect(status).not.toBe("completed");
    expect(await deleted(table)).toBe(0);
    expect(await database.query(`SELECT * FROM ${table} WHERE ${key} LIKE '[%'`)).toEqual([]);
  });

  test("an answer within a list is no list of one project", async () => {
    const options = { url: await startProxy(service.url), destination: database.url };
    await syncOpik(options);
    garble("/projects", (body) => `[${body}]`);
    await syncOpik(options, {}, { allowMassDeletion: true }).catch(() => undefined);
    expect(await deleted("opik_project")).toBe(0);
  });

  test("an item without an id leaves quarantine with the next sync, also if none is missing", async () => {
    const options = { url: await startProxy(service.url), destination: database.url };
    service.workspace.clock.advance(3_600_000);
    const later = { startedAt: new Date(Date.now() + 3_600_000) };
    garble("/items", withElement("{}"));
    expect((await syncOpik(options, {}, later)).status).toBe("partial");
    endGarbling();
    expect((await syncOpik(options, {}, later)).status).toBe("completed");
    expect(await quarantined()).toBe(0);
  });
});

describe("Countly", () => {
  const start = async (edition: "enterprise" | "original") => {
    const workspace = new CountlyWorkspace();
    workspace.addApp({ users: 3 });
    workspace.addApp({ users: 3 });
    workspace.addGroup({ name: "g", users: [] });
    workspace.addGroup({ name: "h", users: [] });
    return await startCountly({ workspace, edition });
  };

  const oneAppAdministered = (body: string) =>
    `{"admin_of":[],"user_of":${JSON.stringify(oneApp(body))}}`;
  const cases = [
    { path: "/o/groups", table: "groups", change: idInList("_id") },
    { path: "/o/apps/all", table: "apps", change: oneAppAdministered },
    { path: "/o/users/all", table: "users", change: userInList, edition: "original" },
  ] as const;

  test.each(cases)("an answer of $path of another shape marks nothing", async (given) => {
    const { path, table, change, edition = "enterprise" } = { edition: undefined, ...given };
    await using server = await start(edition);
    const base_url = await startProxy(server.url);
    const config = { base_url, app_id: "*", api_key: server.apiKey, retry_attempts: 0 };
    const sync = () =>
      syncSource(countly, { config, destination: database.url, allowMassDeletion: true });
    expect((await sync()).status).toBe("completed");
    garble(path, change);
    const { status } = await sync();
    expect(status).not.toBe("completed");
    expect(await deleted(table)).toBe(0);
  });

  test("a user without an id, in a read of those that were active, leaves quarantine with the next sync", async () => {
    await using server = await start("original");
    const base_url = await startProxy(server.url);
    const config = { base_url, app_id: "*", api_key: server.apiKey, retry_attempts: 0 };
    const sync = () => syncSource(countly, { config, destination: database.url });
    expect((await sync()).status).toBe("completed");
    garble("/o/users/all", (body) => (body.includes('"uid"') ? withElement("[]")(body) : body));
    expect((await sync()).status).toBe("partial");
    expect(await quarantined()).toBe(2);
    endGarbling();
    expect((await sync()).status).toBe("completed");
    expect(await quarantined()).toBe(0);
  });
});

/** The first user becomes a list with it. */
function userInList(body: string): string {
  const { data, ...rest } = JSON.parse(body) as { data: unknown[] };
  return JSON.stringify({ ...rest, data: data.map((user, at) => (at === 0 ? [user] : user)) });
}

/** One app of a list of all, which a key may only use. */
function oneApp(body: string): unknown {
  const list = JSON.parse(body) as { admin_of: Record<string, unknown> };
  return Object.fromEntries(Object.entries(list.admin_of).slice(0, 1));
}
