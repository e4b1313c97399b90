import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { databases, type TestDatabase } from "../../support/databases.ts";
import { startServer } from "../../support/http-server.ts";
import { syncWandb } from "../../support/sync-wandb.ts";
import { startWandb, type Wandb } from "../../support/wandb.ts";
import type { WandbProject } from "../../../src/emulators/wandb/project.ts";
import type { RestOptions } from "../../../src/emulators/wandb/faults.ts";
import { heldBy, standing, type Tables } from "./tables.ts";

describe.each(databases)("REST, on %s", (_name, newDatabase) => {
  let database: TestDatabase;
  let wandb: Wandb;
  let project: WandbProject;
  beforeEach(async () => {
    database = await newDatabase();
    wandb = await startWandb();
    wandb.traps.rest = { graphql: 404 };
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
    const places = { url: wandb.url, apiKey: wandb.apiKey, destination: database.url };
    return syncWandb(places, settings, options);
  };

  const use = (rest: RestOptions): void => {
    wandb.traps.rest = { ...wandb.traps.rest, ...rest };
  };

  async function expectAllCells(): Promise<void> {
    expect(await standing(database)).toEqual(asRest(heldBy(project)));
  }

  test.each([404, 405] as const)(
    "a server whose GraphQL answers %i is read through REST, and that is found out once",
    async (status) => {
      use({ graphql: status });
      expect((await sync({ page_size: 3 })).status).toBe("completed");
      await expectAllCells();
      const paths = wandb.requests.map(({ url }) => url.pathname);
      expect(paths.filter((path) => path === "/graphql")).toHaveLength(1);
      const keys = wandb.requests.slice(1).map(({ headers }) => headers.authorization);
      expect(new Set(keys)).toEqual(new Set(["Bearer local-key"]));
    },
  );

  test("a second sync writes nothing and asks for no history", async () => {
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

  test("changed, rewound, new and deleted runs arrive", async () => {
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

  test("a run that is deleted in the second of its creation does not stay for another that was created in it", async () => {
    const createdAt = wandb.workspace.clock.nextInstant();
    const short = project.addRun({ createdAt, updatedAt: createdAt });
    await sync({ api: "rest" });
    project.deleteRun(short.name);
    project.addRun({ createdAt, updatedAt: createdAt });
    await sync({ api: "rest" });
    await expectAllCells();
  });

  test("a run that comes while the list is read again is not taken for deleted", async () => {
    await sync({ api: "rest" });
    let listings = 0;
    wandb.traps.onPage = ({ field }) => {
      if (field === "runs" && ++listings === 1) project.addRun({ name: "late" }).log({ loss: 1 });
    };
    await sync({ api: "rest" }, { fullRefresh: true });
    delete wandb.traps.onPage;
    await expectAllCells();
  });

  test("a history in pages, with links from the root, is read to its end", async () => {
    use({ historyPage: 4, nextUrl: "relative" });
    await sync({ page_size: 2 });
    await expectAllCells();
    project.sortedRuns({ by: "createdAt", descending: false })[1]?.rewind(5);
    await sync({ page_size: 2 });
    await expectAllCells();
  });

  test("bare NaN and Infinity are read", async () => {
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

  test("a wrong key is said to be one", async () => {
    await expect(sync({ api: "rest", api_key: "wrong" })).rejects.toThrow(/check wandb\.api_key/);
  });

  test("filters, which it does not have, are refused", async () => {
    await expect(sync({ api: "rest", filters: { state: "finished" } })).rejects.toThrow(
      /wandb\.filters/,
    );
  });

  test("a link to another origin ends the sync, says why, and no key goes there", async () => {
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

/** What REST does not tell stays empty. */
function asRest({ runs, metrics }: Tables): Tables {
  const missing = {
    ...{ group: null, job_type: null, sweep: null, description: null, host: null, commit: null },
    ...{ heartbeat_at: null, history_line_count: 0 },
  };
  return { metrics, runs: runs.map((row) => ({ ...row, ...missing })) };
}
