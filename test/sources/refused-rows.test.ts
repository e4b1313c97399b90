import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { exitStatusOfSync } from "../../src/cli/invocation/exit-status.ts";
import type { Source } from "../../src/core/source.ts";
import type { Summary } from "../../src/engine/sync.ts";
import { OpikWorkspace } from "../../src/emulators/opik/workspace.ts";
import { restStream, type RestCursor } from "../../src/http/paging/rest-stream.ts";
import { startCountly } from "../support/countly.ts";
import { databases, type TestDatabase } from "../support/databases.ts";
import { testClient } from "../support/http-client.ts";
import { startServer } from "../support/http-server.ts";
import { listHandler, type ListRow } from "../support/list-server.ts";
import { startOpik } from "../support/opik.ts";
import { syncCountly } from "../support/sync-countly.ts";
import { syncOpik, syncSource } from "../support/sync-source.ts";
import { syncWandb } from "../support/sync-wandb.ts";
import { startWandb } from "../support/wandb.ts";

/** A row that a table is going to refuse. */
interface AddedRow {
  readonly table: string;
  /** What is true of this row only, in SQL. */
  readonly is: string;
}

/** A service, to which rows can be added. */
interface Service extends AsyncDisposable {
  sync(destination: string): Promise<Summary>;
  /** Adds a row, and a later one beside it; nothing changes after that. */
  add(): AddedRow;
}

const minuteMs = 60_000;

async function wandb(table: "runs" | "metrics", state: string, settings = {}): Promise<Service> {
  const emulator = await startWandb();
  const { url, apiKey, workspace } = emulator;
  const project = workspace.project("vision") ?? workspace.addProject({ name: "vision" });
  project.addRun({ name: "first" }).log({ loss: 1 });
  return {
    async sync(destination) {
      workspace.clock.advance(minuteMs);
      return await syncWandb({ url, apiKey, destination }, settings);
    },
    add() {
      const run = project.addRun({ name: "second" });
      for (const loss of [1, 2, 3, 4]) run.log({ loss });
      if (state === "finished") run.finish();
      const isRun = "run_id = 'second'";
      return { table, is: table === "runs" ? isRun : `${isRun} AND step = 2` };
    },
    [Symbol.asyncDispose]: () => emulator[Symbol.asyncDispose](),
  };
}

async function opik(table: string, versioned = true): Promise<Service> {
  const emulator = await startOpik({ workspace: new OpikWorkspace({ versioned }) });
  const { url, workspace } = emulator;
  workspace.addProject({ name: "first" });
  const dataset = workspace.addDataset({ name: "first" });
  return {
    async sync(destination) {
      workspace.clock.advance(20 * minuteMs);
      return await syncOpik({ url, destination }, { retry_attempts: 0 });
    },
    add() {
      const project = workspace.addProject({ name: "second" });
      const other = workspace.addDataset({ name: "second" });
      const [item = ""] = dataset.addItems([{ data: { input: 1 } }, { data: { input: 2 } }]);
      const ids: Record<string, string> = {
        opik_project: `project_id = '${project.id}'`,
        opik_dataset: `dataset_id = '${other.id}'`,
        opik_dataset_item: `item_id = '${item}'`,
      };
      return { table, is: ids[table] ?? "" };
    },
    [Symbol.asyncDispose]: () => emulator[Symbol.asyncDispose](),
  };
}

async function countly(table: string, edition: "enterprise" | "original"): Promise<Service> {
  const emulator = await startCountly({ edition });
  const { url, apiKey, workspace } = emulator;
  const app = workspace.addApp({ users: 2 });
  workspace.addGroup({ name: "first" });
  const settings = { lookback_minutes: 0 };
  return {
    sync: (destination) => syncCountly({ url, apiKey, destination }, settings),
    add() {
      const other = workspace.addApp();
      const group = workspace.addGroup({ name: "second" });
      const user = app.addUser();
      app.addUser();
      const ids: Record<string, string> = {
        apps: `app_id = '${other.id}'`,
        groups: `group_id = '${group.id}'`,
        users: `user_id = '${user._id}'`,
      };
      return { table, is: ids[table] ?? "" };
    },
    [Symbol.asyncDispose]: () => emulator[Symbol.asyncDispose](),
  };
}

/** A list that is declared; with a cursor, only rows since an instant are requested. */
async function declared(order?: RestCursor["order"], { dated = true } = {}): Promise<Service> {
  const rows: ListRow[] = [{ id: "r0", at: "2026-01-01T00:00:00Z" }];
  const server = await startServer((request, response) => {
    const since = request.url.searchParams.get("since") ?? "";
    const isSince = ({ at }: ListRow): boolean => since === "" || String(at) >= since;
    return listHandler(() => rows.filter(isSince))(request, response);
  });
  const cursor = order && {
    column: "at",
    order,
    lookbackMinutes: 0,
    query: (since: string) => ({ since: since.replace(".000000", "") }),
  };
  const desk: Source<{ url: string }> = {
    name: "desk",
    title: "Desk",
    config: z.object({ url: z.string() }),
    identity: ({ url }) => url,
    streams: ({ url }) => [
      restStream(testClient(url), {
        ...{ name: "ticket", path: "tickets", primaryKey: ["id"] },
        columns: { id: "string", at: "timestamp" },
        ...(cursor ? { cursor } : {}),
      }),
    ],
    check: () => Promise.resolve(),
  };
  return {
    sync: (destination) => syncSource(desk, { destination, config: { url: server.url } }),
    add() {
      rows.push({ id: "r1", ...(dated ? { at: "2026-01-02T00:00:00Z" } : {}) });
      rows.push({ id: "r2", at: "2026-01-03T00:00:00Z" });
      return { table: "ticket", is: "id = 'r1'" };
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

const services: readonly (readonly [name: string, start: () => Promise<Service>])[] = [
  ["W&B run", () => wandb("runs", "finished")],
  ["W&B run, of several projects", () => wandb("runs", "finished", { projects: "*" })],
  ["W&B run, with recent runs listed", () => wandb("runs", "finished", { list_every_minutes: 99 })],
  ["metric of a finished run", () => wandb("metrics", "finished")],
  ["metric of a running run", () => wandb("metrics", "running")],
  ["metric, of several projects", () => wandb("metrics", "finished", { projects: "*" })],
  [
    "metric, with recent runs listed",
    () => wandb("metrics", "finished", { list_every_minutes: 99 }),
  ],
  ["Opik project", () => opik("opik_project")],
  ["Opik dataset", () => opik("opik_dataset")],
  ["item of an Opik dataset", () => opik("opik_dataset_item")],
  ["item of an Opik dataset without versions", () => opik("opik_dataset_item", false)],
  ["Countly app", () => countly("apps", "enterprise")],
  ["Countly group", () => countly("groups", "enterprise")],
  ["Countly user", () => countly("users", "enterprise")],
  ["user of a Countly gateway", () => countly("users", "original")],
  ["row of a whole list", () => declared()],
  ["row of a list by a cursor", () => declared("any")],
  ["row of a list by a cursor that it lacks", () => declared("any", { dated: false })],
  ["row of a list in ascending order", () => declared("ascending")],
];

describe.each(databases)("on %s", (_dialect, newDatabase) => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await newDatabase();
  });
  afterEach(async () => {
    await database.drop();
  });

  async function refuse({ table, is }: AddedRow): Promise<() => Promise<unknown>> {
    if (database.dialect === "postgres") {
      await database.query(`ALTER TABLE "${table}" ADD CONSTRAINT refused CHECK (NOT (${is}))`);
      return () => database.query(`ALTER TABLE "${table}" DROP CONSTRAINT refused`);
    }
    const isNew = is.replace(/(\w+) =/g, "NEW.$1 =");
    await database.query(
      `CREATE TRIGGER refused BEFORE INSERT ON "${table}" WHEN ${isNew}
       BEGIN SELECT RAISE(ABORT, 'refused'); END`,
    );
    return () => database.query(`DROP TRIGGER refused`);
  }

  const count = async (sql: string): Promise<number> => {
    const [row] = await database.query(`SELECT count(*) AS n FROM ${sql}`);
    return Number(row?.["n"]);
  };

  test.each(services)(
    "what the table refused is asked for again in each sync, and stored once it may be: %s",
    async (_name, start) => {
      await using service = await start();
      const sync = async (): Promise<number> => exitStatusOfSync(await service.sync(database.url));
      expect(await sync()).toBe(0);
      const row = service.add();
      const allow = await refuse(row);
      const found = `"${row.table}" WHERE ${row.is}`;
      expect([await sync(), await sync(), await count(found)]).toEqual([3, 3, 0]);
      await allow();
      expect([await sync(), await count(found)]).toEqual([0, 1]);
      expect(await count("_rivulet_quarantine")).toBe(0);
      const { counts } = await service.sync(database.url);
      const { inserted, updated, rejected } = counts.get(row.table) ?? {};
      expect([inserted, updated, rejected]).toEqual([0, 0, 0]);
    },
  );
});
