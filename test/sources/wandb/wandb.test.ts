import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { respond } from "../../support/faults.ts";
import { databases, type TestDatabase } from "../../support/databases.ts";
import { syncWandb } from "../../support/sync-wandb.ts";
import { startWandb, type Wandb } from "../../support/wandb.ts";
import { graphqlErrors } from "../../../src/emulators/wandb/response.ts";
import type { WandbProject } from "../../../src/emulators/wandb/project.ts";
import type { WandbRun } from "../../../src/emulators/wandb/run.ts";
import { expectedTables, storedTables } from "./tables.ts";

type Options = [
  settings?: Parameters<typeof syncWandb>[1],
  options?: Parameters<typeof syncWandb>[2],
];

const refuseRequest = respond({ errors: [{ message: "timed out" }] });

const unchanged = { inserted: 0, updated: 0, deleted: 0, rejected: 0 };

describe.each(databases)("on %s", (_name, newDatabase) => {
  let database: TestDatabase;
  let wandb: Wandb;
  let project: WandbProject;
  /** Histories fail in windows that begin after this step. */
  let lastServedStep: number;
  beforeEach(async () => {
    database = await newDatabase();
    lastServedStep = Infinity;
    wandb = await startWandb({
      intercept: (service) => (request, response) => {
        const starts = [...request.body.matchAll(/"f\d+":(\d+)/g)].map(([, step]) => Number(step));
        return (Math.max(...starts) > lastServedStep ? refuseRequest : service)(request, response);
      },
    });
    project = wandb.workspace.addProject({ name: "vision" });
  });
  afterEach(async () => {
    await wandb[Symbol.asyncDispose]();
    await database.drop();
  });

  const sync = (...options: Options) =>
    syncWandb({ url: wandb.url, apiKey: wandb.apiKey, destination: database.url }, ...options);

  /** Syncs, and returns the requests of that sync. */
  async function syncAndCount(...options: Options) {
    const before = wandb.requests.length;
    const summary = await sync(...options);
    expect(summary.failures).toEqual(new Map());
    return { ...summary, requests: wandb.requests.slice(before) };
  }

  /** The runs whose histories were requested. */
  function historiesIn(requests: Wandb["requests"]): string[] {
    const names = requests
      .filter(({ operation }) => operation === "History")
      .flatMap(({ variables = {} }) => Object.entries(variables));
    return names.filter(([name]) => /^n\d+$/.test(name)).map(([, run]) => String(run));
  }

  async function expectAllCells(): Promise<void> {
    expect(await storedTables(database)).toEqual(expectedTables(project));
  }

  function logSteps(run: WandbRun, steps: number): void {
    for (let step = 0; step < steps; step += 1) {
      run.log({ loss: 1 / (step + 1), epoch: step, note: `n${step}`, train: { acc: step / 7 } });
    }
  }

  /** Adds finished runs of `steps` steps each, an hour apart. */
  function addRuns(count: number, steps: number): WandbRun[] {
    return Array.from({ length: count }, (_, index) => {
      wandb.workspace.clock.advance(3_600_000);
      const run = project.addRun({
        config: { lr: 0.1 * index, layers: [1, 2], nested: { a: null } },
        tags: [`t${index}`],
        notes: index % 2 === 0 ? null : `notes ${index}`,
        group: "g",
        jobType: "train",
        sweepName: "s",
        commit: "c0ffee",
      });
      logSteps(run, steps);
      run.finish();
      return run;
    });
  }

  test("copies every cell of a project with many pages; a second sync takes three requests and writes nothing", async () => {
    addRuns(23, 12);
    const first = await sync({ page_size: 5 });
    expect(first.status).toBe("completed");
    expect(first.counts.get("runs")).toMatchObject({ inserted: 23 });
    await expectAllCells();
    const { requests, counts } = await syncAndCount();
    expect(requests.map(({ operation }) => operation)).toEqual(["RunCounts", "Runs", "Runs"]);
    for (const streamCounts of counts.values()) expect(streamCounts).toMatchObject(unchanged);
  });

  test("copies each stream without the other", async () => {
    addRuns(3, 4);
    const config = {
      base_url: wandb.url,
      api_key: wandb.apiKey,
      entity: "acme",
      project: "vision",
    };
    const { wandb: source } = await import("../../../src/sources/wandb/source.ts");
    const { syncSource } = await import("../../support/sync-source.ts");
    for (const name of ["metrics", "runs"]) {
      const only = {
        ...source,
        streams: (...args: Parameters<typeof source.streams>) =>
          source.streams(...args).filter((stream) => stream.name === name),
      };
      expect((await syncSource(only, { config, destination: database.url })).status).toBe(
        "completed",
      );
    }
    await expectAllCells();
  });

  test("requests only the new steps of growing runs", async () => {
    const [first, second] = addRuns(4, 10);
    const live = project.addRun();
    logSteps(live, 20);
    await sync();
    logSteps(live, 5);
    first?.resume();
    second?.heartbeat();
    const { requests, counts } = await syncAndCount();
    await expectAllCells();
    expect(counts.get("metrics")).toMatchObject({ inserted: 20, updated: 0, deleted: 0 });
    const live20 = requests.find(({ variables = {} }) =>
      Object.values(variables).includes(live.name),
    );
    expect(live20?.variables).toMatchObject({ f0: 19 });
    expect(new Set(historiesIn(requests))).toEqual(new Set([live.name, first?.name, second?.name]));
  });

  test("finds new runs with one listing of recent runs", async () => {
    addRuns(5, 3);
    await sync();
    const [added] = addRuns(1, 3);
    const { requests } = await syncAndCount();
    await expectAllCells();
    expect(historiesIn(requests)).toEqual([added?.name]);
    expect(requests).toHaveLength(4);
  });

  test("the rescan finds a finished run that was renamed and tagged", async () => {
    const [run] = addRuns(4, 3);
    addRuns(2, 3);
    await sync();
    run?.edit({ displayName: "better", tags: ["best"], notes: "read me" });
    expect((await sync()).counts.get("runs")).toMatchObject(unchanged);
    const later = new Date(Date.now() + 8 * 86_400_000);
    expect((await sync({}, { startedAt: later })).counts.get("runs")).toMatchObject({
      updated: 1,
      inserted: 0,
    });
    await expectAllCells();
    const { requests } = await syncAndCount({}, { startedAt: later });
    expect(requests).toHaveLength(3);
  });

  test("marks deleted runs and their metrics as deleted, however long ago they finished", async () => {
    const [old, , , newest] = addRuns(4, 3);
    await sync();
    project.deleteRun(old?.name ?? "");
    const first = await sync();
    expect(first.counts.get("runs")).toMatchObject({ deleted: 1 });
    expect(first.counts.get("metrics")).toMatchObject({ deleted: 12, inserted: 0 });
    project.deleteRun(newest?.name ?? "");
    expect((await sync()).counts.get("runs")).toMatchObject({ deleted: 1 });
    await expectAllCells();
    expect((await syncAndCount()).requests).toHaveLength(3);
  });

  test("marks a run as deleted even if others were added at the same time", async () => {
    const [old] = addRuns(3, 3);
    await sync();
    project.deleteRun(old?.name ?? "");
    addRuns(1, 3);
    await sync();
    await expectAllCells();
  });

  test("marks a run as deleted even if another was created in the same second", async () => {
    addRuns(2, 3);
    const createdAt = wandb.workspace.clock.nextInstant();
    const short = project.addRun({ createdAt, heartbeatAt: createdAt });
    await sync();
    project.deleteRun(short.name);
    project.addRun({ createdAt, heartbeatAt: createdAt });
    await sync();
    await expectAllCells();
    expect((await syncAndCount()).requests).toHaveLength(3);
  });

  test("marks a run as deleted that was started during a sync and deleted before the next one", async () => {
    addRuns(3, 3);
    await sync();
    const begun: WandbRun[] = [];
    wandb.faults.onPage = ({ field }) => {
      if (field === "runs" && begun.length === 0) begun.push(...addRuns(1, 3));
    };
    const { counts } = await sync();
    expect(counts.get("runs")).toMatchObject({ inserted: 1 });
    expect(counts.get("metrics")).toMatchObject({ inserted: 12 });
    delete wandb.faults.onPage;
    await expectAllCells();
    for (const { name } of begun) project.deleteRun(name);
    await sync();
    await expectAllCells();
    expect((await syncAndCount()).requests).toHaveLength(3);
  });

  test.each(["runs", "history"] as const)(
    "marks a run as deleted that came with a sync that failed at its %s and was deleted before the next one",
    async (failsAt) => {
      addRuns(3, 3);
      await sync();
      const added = addRuns(12, 3);
      const rejection = graphqlErrors(401, "the key was revoked");
      let left = 2;
      wandb.faults.onPage = ({ field }) => {
        if (field === failsAt && left-- === 0)
          wandb.faults.nextResponses = Array.from({ length: 50 }, () => rejection);
      };
      await expect(sync({ page_size: 2, concurrency: 1 })).rejects.toThrow(/401/);
      delete wandb.faults.onPage;
      wandb.faults.nextResponses = [];
      const table = failsAt === "runs" ? "runs" : "metrics";
      const came = await database.query(`SELECT DISTINCT run_id FROM ${table}`);
      expect(came.length).toBeGreaterThan(3);
      for (const { name } of added) project.deleteRun(name);
      await sync();
      await expectAllCells();
    },
  );

  test("marks the metrics that a rewound run lost as deleted", async () => {
    const live = project.addRun();
    logSteps(live, 30);
    await sync();
    live.rewind(9);
    const { counts } = await syncAndCount();
    expect(counts.get("metrics")).toMatchObject({ deleted: 80, inserted: 0, updated: 0 });
    await expectAllCells();
  });

  test("reads a rewound run again from its start, even if it has more lines than before", async () => {
    const live = project.addRun();
    logSteps(live, 30);
    await sync();
    live.rewind(9);
    for (let step = 0; step < 40; step += 1) live.log({ loss: step * 100 });
    const { counts } = await syncAndCount();
    expect(counts.get("metrics")).toMatchObject({ deleted: 60, updated: 20, inserted: 20 });
    await expectAllCells();
  });

  test("a full refresh reads everything, writes only changes, and finds deleted runs", async () => {
    const [deleted] = addRuns(4, 5);
    await sync();
    project.deleteRun(deleted?.name ?? "");
    const { counts, requests } = await syncAndCount({}, { fullRefresh: true });
    expect(counts.get("metrics")).toMatchObject({
      inserted: 0,
      updated: 0,
      unchanged: 60,
      deleted: 20,
    });
    expect(new Set(historiesIn(requests)).size).toBe(3);
    await expectAllCells();
  });

  test("neither loses nor duplicates runs that appear or move to the end while the list is read", async () => {
    const runs = addRuns(20, 3);
    let left = 6;
    wandb.faults.onPage = ({ field }) => {
      const run = runs[left * 2];
      if (field !== "runs" || left-- <= 0) return;
      run?.heartbeat();
      addRuns(1, 2);
    };
    await sync({ page_size: 4 });
    delete wandb.faults.onPage;
    await sync();
    await expectAllCells();
  });

  test("the first sync copies runs without a heartbeat", async () => {
    addRuns(2, 2);
    project.addRun({ heartbeatAt: null, state: "pending" });
    await sync();
    await expectAllCells();
    expect((await syncAndCount()).requests).toHaveLength(3);
  });

  test("copies a later run without a heartbeat, and does not request it again", async () => {
    addRuns(2, 2);
    await sync();
    const late = project.addRun({ heartbeatAt: null, state: "finished" });
    late.history.append(0, `{"_step": 0, "_timestamp": 1767229200, "loss": 1}`);
    await sync();
    await expectAllCells();
    expect((await syncAndCount()).requests).toHaveLength(3);
  });

  test("copies only runs that match the filters, and starts over with other filters", async () => {
    addRuns(3, 2);
    project.addRun({ tags: ["keep"] }).log({ a: 1 });
    await sync({ filters: '{"tags": "keep"}' });
    expect((await storedTables(database)).runs).toHaveLength(1);
    await sync();
    await expectAllCells();
    await sync({ filters: { tags: "keep" } });
    expect((await storedTables(database)).runs).toHaveLength(1);
    expect((await storedTables(database)).metrics).toHaveLength(1);
  });

  test("starts over with other metric patterns, and marks metrics that they exclude as deleted", async () => {
    addRuns(3, 2);
    project.addRun().log({ loss: 1, acc: 2 });
    await sync({ metrics: "loss" });
    expect((await storedTables(database)).metrics).toHaveLength(7);
    await sync();
    await expectAllCells();
    expect((await sync({ metrics: "acc" })).counts.get("metrics")).toMatchObject({ deleted: 25 });
    expect((await storedTables(database)).metrics).toMatchObject([{ metric_name: "acc" }]);
  });

  test("marks vanished metrics as deleted even if rereading the history fails in the middle", async () => {
    const [run] = addRuns(1, 2500);
    await sync();
    lastServedStep = 500;
    run?.rewind(2000);
    run?.log({ loss: 1 });
    expect((await sync({ metrics: "loss", retry_attempts: 0 })).status).toBe("partial");
    lastServedStep = Infinity;
    expect((await sync({ metrics: "loss" })).status).toBe("completed");
    const { metrics } = await storedTables(database);
    expect(metrics).toEqual(
      expectedTables(project).metrics.filter(({ metric_name }) => metric_name === "loss"),
    );
  });

  test("marks everything of a run as deleted that the filters no longer match, even if it had failed in the middle", async () => {
    const filters = { state: { $in: ["running", "finished"] } };
    const live = project.addRun({ name: "live" });
    logSteps(live, 1500);
    lastServedStep = 500;
    addRuns(2, 3);
    expect((await sync({ filters, retry_attempts: 0 })).status).toBe("partial");
    lastServedStep = Infinity;
    live.finish("failed");
    expect((await sync({ filters })).status).toBe("completed");
    const { metrics } = await storedTables(database);
    expect(metrics.filter(({ run_id }) => run_id === "live")).toEqual([]);
    expect(metrics).toHaveLength(2 * 3 * 4);
  });

  test("restores the metrics of a run that the filters match again", async () => {
    const filters = { tags: "keep" };
    const lookback_minutes = 100_000;
    const runs = addRuns(3, 2);
    for (const run of runs) run.edit({ tags: ["keep"] });
    await sync({ filters, lookback_minutes });
    runs[0]?.edit({ tags: [] });
    await sync({ filters, lookback_minutes });
    expect((await storedTables(database)).metrics).toHaveLength(2 * 2 * 4);
    runs[0]?.edit({ tags: ["keep"] });
    await sync({ filters, lookback_minutes });
    await expectAllCells();
  });

  test("tells several projects apart by a column that is part of the key", async () => {
    const other = wandb.workspace.addProject({ name: "audio" });
    project.addRun({ name: "same" }).log({ a: 1 });
    other.addRun({ name: "same" }).log({ a: 2 });
    await sync({ projects: "*" });
    const rows = await database.query(
      `SELECT project, run_id, metric_value FROM metrics ORDER BY 1`,
    );
    expect(rows.map((row) => Object.values(row).map(String))).toEqual([
      ["audio", "same", "2"],
      ["vision", "same", "1"],
    ]);
    other.run("same")?.rewind(-1);
    wandb.workspace.deleteProject(project);
    await sync({ projects: "*" });
    expect(await database.query(`SELECT project FROM metrics WHERE NOT _deleted`)).toEqual([]);
    expect(await database.query(`SELECT project FROM runs WHERE NOT _deleted`)).toEqual([
      { project: "audio" },
    ]);
  });

  test("the state contains only runs that may be listed again", async () => {
    addRuns(12, 2);
    wandb.workspace.clock.advance(3_600_000);
    const live = project.addRun();
    live.log({ a: 1 });
    await sync();
    const rows = await database.query(
      `SELECT partition FROM _rivulet_state WHERE stream = 'metrics' AND partition <> ''`,
    );
    expect(rows).toEqual([{ partition: live.name }]);
  });

  test("quarantines a run that always fails, copies the others, and tries it first in the next sync", async () => {
    const runs = addRuns(12, 3);
    const [, , broken] = runs;
    wandb.faults.brokenHistory = { run: broken?.name ?? "" };
    const first = await sync({ retry_attempts: 0 });
    expect(first.status).toBe("partial");
    const { metrics } = await storedTables(database);
    expect(metrics).toHaveLength(11 * 12);
    const [entry] = await database.query(`SELECT * FROM _rivulet_quarantine`);
    expect(entry).toMatchObject({
      stream: "metrics",
      key: JSON.stringify({ partition: broken?.name }),
    });
    expect(String(entry?.["reason"])).toMatch(/failed to read the history/);

    expect((await sync({ retry_attempts: 0 })).status).toBe("partial");
    delete wandb.faults.brokenHistory;
    addRuns(3, 2);
    const { requests, status } = await syncAndCount();
    expect(status).toBe("completed");
    expect(historiesIn(requests)[0]).toBe(broken?.name);
    expect(await database.query(`SELECT * FROM _rivulet_quarantine`)).toEqual([]);
    await expectAllCells();
  });

  describe.each([{}, { projects: "*" }])("a quarantine entry (with %j)", (settings) => {
    const entries = async (): Promise<string[]> => {
      const rows = await database.query(`SELECT payload FROM _rivulet_quarantine ORDER BY payload`);
      return rows.map(({ payload }) => String(payload));
    };

    /** Adds a run of several windows whose lines at these steps are broken when requested. */
    function addBroken(broken: ReadonlySet<number>): void {
      const line = (step: number): string =>
        broken.has(step) ? `{"_step": ${step}, "a": ` : `{"_step": ${step}, "a": ${step}}`;
      project.addRun({
        name: "sick",
        state: "finished",
        history: { lastStep: 2600, keys: [], line },
      });
    }

    test("stays as long as a line is unreadable, and is removed once it can be read", async () => {
      addRuns(2, 3);
      const broken = new Set([5, 2500]);
      addBroken(broken);
      expect((await sync(settings)).status).toBe("partial");
      expect((await sync(settings, { fullRefresh: true })).status).toBe("partial");
      expect(await entries()).toHaveLength(2);
      broken.delete(5);
      await sync(settings, { fullRefresh: true });
      expect(await entries()).toEqual(['{"_step": 2500, "a": ']);
      broken.clear();
      expect((await sync(settings, { fullRefresh: true })).status).toBe("completed");
      expect(await entries()).toEqual([]);
      const [row] = await database.query(
        `SELECT count(*) AS n FROM metrics WHERE run_id = 'sick' AND metric_name = 'a'`,
      );
      expect(Number(row?.["n"])).toBe(2601);
    });

    test("is removed with its run", async () => {
      addRuns(3, 3);
      addBroken(new Set([5]));
      const poisoned = project.addRun({ name: "poisoned" });
      poisoned.log({ a: 1 });
      wandb.faults.brokenHistory = { run: "poisoned" };
      expect((await sync({ ...settings, retry_attempts: 0 })).status).toBe("partial");
      expect(await entries()).toHaveLength(2);
      project.deleteRun("sick");
      project.deleteRun("poisoned");
      expect((await sync(settings)).status).toBe("completed");
      expect(await entries()).toEqual([]);
    });
  });
});
