import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { databases } from "../../support/databases.ts";
import { startServer } from "../../support/http-server.ts";
import type { RestOptions } from "../../../src/emulators/wandb/faults.ts";
import { Copy, type CopyResult } from "./copy.ts";
import { expectedTables, storedTables, type Tables } from "./tables.ts";

const rest = { api: "rest" };

describe.each(databases)("REST, on %s", (_name, newDatabase) => {
  let copy: Copy;
  beforeEach(async () => {
    copy = await Copy.start(newDatabase);
    copy.faults.rest = { graphql: 404 };
    for (const run of copy.addRuns(7)) {
      run.edit({ tags: [run.name] });
      for (let step = 0; step < 8; step += 1) run.log({ loss: step / 7, deep: { er: "x" } });
    }
  });
  afterEach(async () => {
    await copy[Symbol.asyncDispose]();
  });

  const use = (options: RestOptions): void => {
    copy.faults.rest = { ...copy.faults.rest, ...options };
  };

  async function expectAllCells(): Promise<void> {
    expect(await storedTables(copy.database)).toEqual(asRest(expectedTables(copy.project)));
  }

  const list = "/projects/acme/vision/runs";

  const pathsOf = ({ requests }: CopyResult): string[] => requests.map(({ url }) => url.pathname);

  test.each([404, 405] as const)(
    "uses REST for a server that answers GraphQL with %i, which it tries once",
    async (status) => {
      use({ graphql: status });
      const result = await copy.sync({ page_size: 3 });
      expect(result.exit).toBe(0);
      await expectAllCells();
      expect(pathsOf(result).filter((path) => path === "/graphql")).toHaveLength(1);
      const keys = result.requests.slice(1).map(({ headers }) => headers.authorization);
      expect(new Set(keys)).toEqual(new Set([`Bearer ${copy.wandb.apiKey}`]));
    },
  );

  test("a second sync takes one listing, requests no history and writes nothing", async () => {
    await copy.sync(rest);
    const second = await copy.sync(rest);
    for (const counts of [second.runs, second.metrics])
      expect(counts).toMatchObject({ inserted: 0, updated: 0, deleted: 0, rejected: 0 });
    expect([second.exit, pathsOf(second)]).toEqual([0, [list]]);
  });

  test("copies edited, growing, rewound and new runs, and requests only their histories", async () => {
    await copy.sync({ ...rest, page_size: 2 });
    copy.project.run("r0")?.edit({ displayName: "better" });
    copy.project.run("r1")?.resume();
    copy.project.run("r1")?.log({ loss: 100 });
    copy.project.run("r2")?.rewind(3);
    copy.project.addRun({ name: "new" }).log({ loss: 1 });
    const result = await copy.sync({ ...rest, page_size: 2 });
    expect(result.exit).toBe(0);
    expect(result.metrics).toMatchObject({ inserted: 2, updated: 0, deleted: 5 * 2 });
    const histories = pathsOf(result).filter((path) => path.endsWith("/history"));
    expect(histories.toSorted()).toEqual(
      ["new", "r0", "r1", "r2"].map((run) => `/runs/acme/vision/${run}/history`),
    );
    await expectAllCells();
  });

  test("a deleted run is marked by the second sync that lacks it; both end with 0", async () => {
    await copy.sync(rest);
    copy.project.deleteRun("r3");
    const first = await copy.sync(rest);
    expect([first.exit, first.runs.deleted, first.metrics.deleted]).toEqual([0, 0, 0]);
    const second = await copy.sync(rest);
    expect([second.exit, second.runs.deleted, second.metrics.deleted]).toEqual([0, 1, 18]);
    await expectAllCells();
    expect(pathsOf(await copy.sync(rest))).toEqual([list]);
  });

  test("a run that one listing lacks and the next one has is not marked", async () => {
    await copy.sync(rest);
    for (let time = 0; time < 2; time += 1) {
      copy.project.deleteRun("r3");
      await copy.sync(rest);
      copy.project.undeleteRun("r3");
      expect((await copy.sync(rest)).exit).toBe(0);
      expect([await copy.deleted("runs"), await copy.deleted("metrics")]).toEqual([[], []]);
    }
    await expectAllCells();
  });

  test("a run that comes back after it was marked has its metrics again", async () => {
    await copy.sync(rest);
    copy.project.deleteRun("r3");
    await copy.sync(rest);
    await copy.sync(rest);
    copy.project.undeleteRun("r3");
    expect((await copy.sync(rest)).exit).toBe(0);
    await expectAllCells();
  });

  test("runs that shift between two pages are not marked", async () => {
    await copy.sync({ ...rest, page_size: 2 });
    copy.faults.onPage = ({ field }) => {
      if (field !== "runs") return;
      delete copy.faults.onPage;
      copy.project.deleteRun("r0");
    };
    await copy.sync({ ...rest, page_size: 2 });
    await copy.sync({ ...rest, page_size: 2 });
    await copy.sync({ ...rest, page_size: 2 });
    await expectAllCells();
    expect(await copy.deleted()).toEqual(["r0"]);
  });

  test("a listing that lacks almost everything marks nothing, and ends with 1", async () => {
    await copy.sync(rest);
    for (const { name } of copy.project.runs) copy.project.deleteRun(name);
    for (let syncs = 0; syncs < 3; syncs += 1) {
      expect((await copy.sync(rest)).exit).toBe(1);
      expect([await copy.deleted("runs"), await copy.deleted("metrics")]).toEqual([[], []]);
    }
    const allowed = { allowMassDeletion: true };
    await copy.sync(rest, allowed);
    expect((await copy.sync(rest, allowed)).exit).toBe(0);
    await expectAllCells();
  });

  test("a full refresh marks no run that appears while the list is read", async () => {
    await copy.sync(rest);
    copy.faults.onPage = ({ field }) => {
      if (field !== "runs") return;
      delete copy.faults.onPage;
      copy.project.addRun({ name: "late" }).log({ loss: 1 });
    };
    await copy.sync(rest, { fullRefresh: true });
    expect(await copy.deleted()).toEqual([]);
    await copy.sync(rest);
    await expectAllCells();
  });

  test("reads a history of several pages, linked by paths, to its end", async () => {
    use({ historyPage: 4, nextUrl: "relative" });
    await copy.sync({ page_size: 2 });
    await expectAllCells();
    copy.project.run("r1")?.rewind(5);
    await copy.sync({ page_size: 2 });
    await expectAllCells();
  });

  test("reads bare NaN and Infinity", async () => {
    use({ bareNonFinite: true });
    const run = copy.project.addRun({ name: "nan", summary: { best: NaN } });
    run.log({ loss: NaN, top: -Infinity });
    expect((await copy.sync()).exit).toBe(0);
    const rows = await copy.database.query(
      `SELECT metric_name, metric_value, value_json FROM metrics WHERE run_id = 'nan' ORDER BY 1`,
    );
    expect(rows).toEqual([
      { metric_name: "loss", metric_value: null, value_json: '"NaN"' },
      { metric_name: "top", metric_value: null, value_json: '"-Infinity"' },
    ]);
  });

  test.each([
    ["a wrong key", { api_key: "wrong" }, /check wandb\.api_key/],
    ["filters, which REST does not support", { filters: { state: "finished" } }, /wandb\.filters/],
    [
      "all projects, which REST cannot list",
      { project: undefined, projects: "*" },
      /wandb\.projects/,
    ],
  ])("ends with 2 and names the setting: %s", async (_what, settings, message) => {
    const { exit, error } = await copy.sync({ ...rest, ...settings });
    expect([exit, error]).toEqual([2, expect.stringMatching(message)]);
  });

  test("fails on a link to another origin, and sends no key there", async () => {
    await using other = await startServer((_request, response) => {
      response.end("{}");
    });
    use({ nextUrl: { origin: other.url } });
    const { exit, error } = await copy.sync({ page_size: 3 });
    expect([exit, error]).toEqual([
      1,
      expect.stringMatching(/runs: .*leads to another host .*the key is not sent/),
    ]);
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
