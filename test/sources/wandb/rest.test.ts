import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { databases, type TestDatabase } from "../../support/databases.ts";
import { startServer } from "../../support/http-server.ts";
import { syncWandb } from "../../support/sync-wandb.ts";
import { startWandb, type Wandb } from "../../support/wandb.ts";
import type { WandbProject } from "../../../src/emulators/wandb/project.ts";
import type { RestOptions } from "../../../src/emulators/wandb/faults.ts";
import { expectedTables, storedTables, type Tables } from "./tables.ts";

describe.each(databases)("REST, on %s", (_name, newDatabase) => {
  let database: TestDatabase;
  let wandb: Wandb;
  let project: WandbProject;
  beforeEach(async () => {
    database = await newDatabase();
    wandb = await startWandb();
    wandb.faults.rest = { graphql: 404 };
    project = wandb.workspace.addProject({ name: "vision" });
    for (let index = 0; index < 7; index += 1) {
      wandb.workspace.clock.advance(3_600_000);
      const run = project.addRun({ config: { lr: { value: index } }, tags: [`t${index}`] });
      for (let step = 0; step < 9; step += 1) run.log({ loss: step / 7, deep: { er: "x" } });
      run.finish();
    }
  });
  afterEach(async () => {
    await wandb[Symbol.asyncDispose]();
    await database.drop();
  });

  const sync = (settings = {}, options = {}) => {
    const target = { url: wandb.url, apiKey: wandb.apiKey, destination: database.url };
    return syncWandb(target, settings, options);
  };

  const use = (rest: RestOptions): void => {
    wandb.faults.rest = { ...wandb.faults.rest, ...rest };
  };

  async function expectAllCells(): Promise<void> {
    expect(await storedTables(database)).toEqual(asRest(expectedTables(project)));
  }

  test.each([404, 405] as const)(
    "uses REST for a server that answers GraphQL with %i, which it tries once",
    async (status) => {
      use({ graphql: status });
      expect((await sync({ page_size: 3 })).status).toBe("completed");
      await expectAllCells();
      const paths = wandb.requests.map(({ url }) => url.pathname);
      expect(paths.filter((path) => path === "/graphql")).toHaveLength(1);
      const keys = wandb.requests.slice(1).map(({ headers }) => headers.authorization);
      expect(new Set(keys)).toEqual(new Set([`Bearer ${wandb.apiKey}`]));
    },
  );

  test("a second sync writes nothing and requests no history", async () => {
    await sync({ api: "rest" });
    const before = wandb.requests.length;
    const { counts } = await sync({ api: "rest" });
    for (const counted of counts.values()) {
      expect(counted).toMatchObject({ inserted: 0, updated: 0, deleted: 0, rejected: 0 });
    }
    expect(wandb.requests.slice(before).map(({ url }) => url.pathname)).toEqual(
      Array(2).fill("/projects/acme/vision/runs"),
    );
  });

  test("copies changed, rewound, new and deleted runs", async () => {
    await sync({ api: "rest", page_size: 2 });
    const [first, second, third] = project.sortedRuns({ by: "createdAt", descending: false });
    first?.resume();
    first?.log({ loss: 100 });
    second?.rewind(3);
    project.deleteRun(third?.name ?? "");
    project.addRun().log({ loss: 1 });
    const { counts } = await sync({ api: "rest", page_size: 2 });
    expect(counts.get("metrics")).toMatchObject({
      inserted: 2,
      updated: 0,
      deleted: 5 * 2 + 9 * 2,
    });
    await expectAllCells();
  });

  test("marks a run as deleted even if another was created in the same second", async () => {
    const createdAt = wandb.workspace.clock.nextInstant();
    const short = project.addRun({ createdAt, updatedAt: createdAt });
    await sync({ api: "rest" });
    project.deleteRun(short.name);
    project.addRun({ createdAt, updatedAt: createdAt });
    await sync({ api: "rest" });
    await expectAllCells();
  });

  test("does not mark a run as deleted that appears while the list is read again", async () => {
    await sync({ api: "rest" });
    let listings = 0;
    wandb.faults.onPage = ({ field }) => {
      if (field === "runs" && ++listings === 1) project.addRun({ name: "late" }).log({ loss: 1 });
    };
    await sync({ api: "rest" }, { fullRefresh: true });
    delete wandb.faults.onPage;
    await expectAllCells();
  });

  test("reads a history of several pages, linked by paths, to its end", async () => {
    use({ historyPage: 4, nextUrl: "relative" });
    await sync({ page_size: 2 });
    await expectAllCells();
    project.sortedRuns({ by: "createdAt", descending: false })[1]?.rewind(5);
    await sync({ page_size: 2 });
    await expectAllCells();
  });

  test("reads bare NaN and Infinity", async () => {
    use({ bareNonFinite: true });
    project.addRun({ name: "nan", summary: { best: NaN } }).log({ loss: NaN, top: -Infinity });
    expect((await sync()).status).toBe("completed");
    const rows = await database.query(
      `SELECT metric_name, metric_value, value_json FROM metrics WHERE run_id = 'nan' ORDER BY 1`,
    );
    expect(rows).toEqual([
      { metric_name: "loss", metric_value: null, value_json: '"NaN"' },
      { metric_name: "top", metric_value: null, value_json: '"-Infinity"' },
    ]);
  });

  test("names the setting of a wrong key", async () => {
    await expect(sync({ api: "rest", api_key: "wrong" })).rejects.toThrow(/check wandb\.api_key/);
  });

  test("rejects filters, which REST does not support", async () => {
    await expect(sync({ api: "rest", filters: { state: "finished" } })).rejects.toThrow(
      /wandb\.filters/,
    );
  });

  test("fails on a link to another origin, and sends no key there", async () => {
    await using other = await startServer((_request, response) => {
      response.end("{}");
    });
    use({ nextUrl: { origin: other.url } });
    const { status, failures } = await sync({ page_size: 3 });
    expect(status).toBe("failed");
    expect(failures.get("runs")?.message).toMatch(/leads to another host .*the key is not sent/);
    expect(other.requests).toEqual([]);
  });
});

/** REST leaves these columns empty. */
function asRest({ runs, metrics }: Tables): Tables {
  const missing = {
    ...{ group: null, job_type: null, sweep: null, description: null, host: null, commit: null },
    ...{ heartbeat_at: null, history_line_count: 0 },
  };
  return { metrics, runs: runs.map((row) => ({ ...row, ...missing })) };
}
