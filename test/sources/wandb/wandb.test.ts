import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { answer } from "../../support/faults.ts";
import { databases, type TestDatabase } from "../../support/databases.ts";
import { syncWandb } from "../../support/sync-wandb.ts";
import { startWandb, type Wandb } from "../../support/wandb.ts";
import { graphqlErrors } from "../../../src/emulators/wandb/response.ts";
import type { WandbProject } from "../../../src/emulators/wandb/project.ts";
import type { WandbRun } from "../../../src/emulators/wandb/run.ts";
import { heldBy, standing } from "./tables.ts";

type Options = [
  settings?: Parameters<typeof syncWandb>[1],
  options?: Parameters<typeof syncWandb>[2],
];

const refuse = answer({ errors: [{ message: "timed out" }] });

const unchanged = { inserted: 0, updated: 0, deleted: 0, rejected: 0 };

describe.each(databases)("on %s", (_name, newDatabase) => {
  let database: TestDatabase;
  let wandb: Wandb;
  let project: WandbProject;
  /** Windows of histories that begin after this step fail. */
  let lastWindow: number;
  beforeEach(async () => {
    database = await newDatabase();
    lastWindow = Infinity;
    wandb = await startWandb({
      intercept: (service) => (request, response) => {
        const starts = [...request.body.matchAll(/"f\d+":(\d+)/g)].map(([, step]) => Number(step));
        return (Math.max(...starts) > lastWindow ? refuse : service)(request, response);
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

  /** Syncs, and says what was asked for meanwhile. */
  async function syncAndCount(...options: Options) {
    const before = wandb.requests.length;
    const summary = await sync(...options);
    expect(summary.failures).toEqual(new Map());
    return { ...summary, asked: wandb.requests.slice(before) };
  }

  /** Which histories were asked for. */
  function historiesIn(asked: Wandb["requests"]): string[] {
    const names = asked
      .filter(({ operation }) => operation === "History")
      .flatMap(({ variables = {} }) => Object.entries(variables));
    return names.filter(([name]) => /^n\d+$/.test(name)).map(([, run]) => String(run));
  }

  async function expectAllCells(): Promise<void> {
    expect(await standing(database)).toEqual(heldBy(project));
  }

  function logSteps(run: WandbRun, steps: number): void {
    for (let step = 0; step < steps; step += 1) {
      run.log({ loss: 1 / (step + 1), epoch: step, note: `n${step}`, train: { acc: step / 7 } });
    }
  }

  /** So many runs of so many steps that have finished, each a while after the one before. */
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

  test("all cells of a project of many pages arrive, and a second sync takes three requests and writes nothing", async () => {
    addRuns(23, 12);
    const first = await sync({ page_size: 5 });
    expect(first.status).toBe("completed");
    expect(first.counts.get("runs")).toMatchObject({ inserted: 23 });
    await expectAllCells();
    const { asked, counts } = await syncAndCount();
    expect(asked.map(({ operation }) => operation)).toEqual(["Census", "Runs", "Runs"]);
    for (const counted of counts.values()) expect(counted).toMatchObject(unchanged);
  });

  test("each stream arrives without the other", async () => {
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

  test("of runs that grow, only the steps after the last one are asked for", async () => {
    const [first, second] = addRuns(4, 10);
    const live = project.addRun();
    logSteps(live, 20);
    await sync();
    logSteps(live, 5);
    first?.resume();
    second?.heartbeat();
    const { asked, counts } = await syncAndCount();
    await expectAllCells();
    expect(counts.get("metrics")).toMatchObject({ inserted: 20, updated: 0, deleted: 0 });
    const live20 = asked.find(({ variables = {} }) => Object.values(variables).includes(live.name));
    expect(live20?.variables).toMatchObject({ f0: 19 });
    expect(new Set(historiesIn(asked))).toEqual(new Set([live.name, first?.name, second?.name]));
  });

  test("new runs arrive with one listing of what is new", async () => {
    addRuns(5, 3);
    await sync();
    const [added] = addRuns(1, 3);
    const { asked } = await syncAndCount();
    await expectAllCells();
    expect(historiesIn(asked)).toEqual([added?.name]);
    expect(asked).toHaveLength(4);
  });

  test("a renamed and re-tagged run that has finished is found by the rescan", async () => {
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
    const { asked } = await syncAndCount({}, { startedAt: later });
    expect(asked).toHaveLength(3);
  });

  test("runs that were deleted are marked as deleted, with their metrics, however long they had been finished", async () => {
    const [old, , , newest] = addRuns(4, 3);
    await sync();
    project.deleteRun(old?.name ?? "");
    const first = await sync();
    expect(first.counts.get("runs")).toMatchObject({ deleted: 1 });
    expect(first.counts.get("metrics")).toMatchObject({ deleted: 12, inserted: 0 });
    project.deleteRun(newest?.name ?? "");
    expect((await sync()).counts.get("runs")).toMatchObject({ deleted: 1 });
    await expectAllCells();
    expect((await syncAndCount()).asked).toHaveLength(3);
  });

  test("a run that is deleted while others are added does not stay", async () => {
    const [old] = addRuns(3, 3);
    await sync();
    project.deleteRun(old?.name ?? "");
    addRuns(1, 3);
    await sync();
    await expectAllCells();
  });

  test("a run that is deleted in the second of its creation does not stay for another that was created in it", async () => {
    addRuns(2, 3);
    const createdAt = wandb.workspace.clock.nextInstant();
    const short = project.addRun({ createdAt, heartbeatAt: createdAt });
    await sync();
    project.deleteRun(short.name);
    project.addRun({ createdAt, heartbeatAt: createdAt });
    await sync();
    await expectAllCells();
    expect((await syncAndCount()).asked).toHaveLength(3);
  });

  test("a run that was begun during a sync and deleted before the next one does not stay", async () => {
    addRuns(3, 3);
    await sync();
    const begun: WandbRun[] = [];
    wandb.traps.onPage = ({ field }) => {
      if (field === "runs" && begun.length === 0) begun.push(...addRuns(1, 3));
    };
    const { counts } = await sync();
    expect(counts.get("runs")).toMatchObject({ inserted: 1 });
    expect(counts.get("metrics")).toMatchObject({ inserted: 12 });
    delete wandb.traps.onPage;
    await expectAllCells();
    for (const { name } of begun) project.deleteRun(name);
    await sync();
    await expectAllCells();
    expect((await syncAndCount()).asked).toHaveLength(3);
  });

  test.each(["runs", "history"] as const)(
    "a run that came with a sync that failed at its %s, and was deleted before the next one, does not stay",
    async (failsAt) => {
      addRuns(3, 3);
      await sync();
      const added = addRuns(12, 3);
      const refused = graphqlErrors(401, "the key was revoked");
      let left = 2;
      wandb.traps.onPage = ({ field }) => {
        if (field === failsAt && left-- === 0)
          wandb.traps.nextResponses = Array.from({ length: 50 }, () => refused);
      };
      await expect(sync({ page_size: 2, concurrency: 1 })).rejects.toThrow(/401/);
      delete wandb.traps.onPage;
      wandb.traps.nextResponses = [];
      const table = failsAt === "runs" ? "runs" : "metrics";
      const came = await database.query(`SELECT DISTINCT run_id FROM ${table}`);
      expect(came.length).toBeGreaterThan(3);
      for (const { name } of added) project.deleteRun(name);
      await sync();
      await expectAllCells();
    },
  );

  test("of a run that was rewound, what vanished is marked as deleted", async () => {
    const live = project.addRun();
    logSteps(live, 30);
    await sync();
    live.rewind(9);
    const { counts } = await syncAndCount();
    expect(counts.get("metrics")).toMatchObject({ deleted: 80, inserted: 0, updated: 0 });
    await expectAllCells();
  });

  test("a run that was rewound and has more lines than before is read again whole", async () => {
    const live = project.addRun();
    logSteps(live, 30);
    await sync();
    live.rewind(9);
    for (let step = 0; step < 40; step += 1) live.log({ loss: step * 100 });
    const { counts } = await syncAndCount();
    expect(counts.get("metrics")).toMatchObject({ deleted: 60, updated: 20, inserted: 20 });
    await expectAllCells();
  });

  test("a full refresh reads everything, writes nothing that is the same, and finds what is gone", async () => {
    const [gone] = addRuns(4, 5);
    await sync();
    project.deleteRun(gone?.name ?? "");
    const { counts, asked } = await syncAndCount({}, { fullRefresh: true });
    expect(counts.get("metrics")).toMatchObject({
      inserted: 0,
      updated: 0,
      unchanged: 60,
      deleted: 20,
    });
    expect(new Set(historiesIn(asked)).size).toBe(3);
    await expectAllCells();
  });

  test("runs that come and move to the end while the list is read are neither lost nor doubled", async () => {
    const runs = addRuns(20, 3);
    let left = 6;
    wandb.traps.onPage = ({ field }) => {
      const run = runs[left * 2];
      if (field !== "runs" || left-- <= 0) return;
      run?.heartbeat();
      addRuns(1, 2);
    };
    await sync({ page_size: 4 });
    delete wandb.traps.onPage;
    await sync();
    await expectAllCells();
  });

  test("runs without a sign of life arrive with the first sync", async () => {
    addRuns(2, 2);
    project.addRun({ heartbeatAt: null, state: "pending" });
    await sync();
    await expectAllCells();
    expect((await syncAndCount()).asked).toHaveLength(3);
  });

  test("a run without a sign of life that comes later arrives, and is not asked for again", async () => {
    addRuns(2, 2);
    await sync();
    const late = project.addRun({ heartbeatAt: null, state: "finished" });
    late.history.append(0, `{"_step": 0, "_timestamp": 1767229200, "loss": 1}`);
    await sync();
    await expectAllCells();
    expect((await syncAndCount()).asked).toHaveLength(3);
  });

  test("filters narrow what is copied, and other filters begin anew", async () => {
    addRuns(3, 2);
    project.addRun({ tags: ["keep"] }).log({ a: 1 });
    await sync({ filters: '{"tags": "keep"}' });
    expect((await standing(database)).runs).toHaveLength(1);
    await sync();
    await expectAllCells();
    await sync({ filters: { tags: "keep" } });
    expect((await standing(database)).runs).toHaveLength(1);
    expect((await standing(database)).metrics).toHaveLength(1);
  });

  test("other patterns of metrics begin anew, and what they leave out is marked as deleted", async () => {
    addRuns(3, 2);
    project.addRun().log({ loss: 1, acc: 2 });
    await sync({ metrics: "loss" });
    expect((await standing(database)).metrics).toHaveLength(7);
    await sync();
    await expectAllCells();
    expect((await sync({ metrics: "acc" })).counts.get("metrics")).toMatchObject({ deleted: 25 });
    expect((await standing(database)).metrics).toMatchObject([{ metric_name: "acc" }]);
  });

  test("a history that is read again whole, and fails in the middle, loses what vanished all the same", async () => {
    const [run] = addRuns(1, 2500);
    await sync();
    lastWindow = 500;
    run?.rewind(2000);
    run?.log({ loss: 1 });
    expect((await sync({ metrics: "loss", retry_attempts: 0 })).status).toBe("partial");
    lastWindow = Infinity;
    expect((await sync({ metrics: "loss" })).status).toBe("completed");
    const { metrics } = await standing(database);
    expect(metrics).toEqual(
      heldBy(project).metrics.filter(({ metric_name }) => metric_name === "loss"),
    );
  });

  test("of a run that the filters no longer match, nothing stands, though it had failed in the middle", async () => {
    const filters = { state: { $in: ["running", "finished"] } };
    const live = project.addRun({ name: "live" });
    logSteps(live, 1500);
    lastWindow = 500;
    addRuns(2, 3);
    expect((await sync({ filters, retry_attempts: 0 })).status).toBe("partial");
    lastWindow = Infinity;
    live.finish("failed");
    expect((await sync({ filters })).status).toBe("completed");
    const { metrics } = await standing(database);
    expect(metrics.filter(({ run_id }) => run_id === "live")).toEqual([]);
    expect(metrics).toHaveLength(2 * 3 * 4);
  });

  test("a run that the filters match again has its metrics again", async () => {
    const filters = { tags: "keep" };
    const lookback_minutes = 100_000;
    const runs = addRuns(3, 2);
    for (const run of runs) run.edit({ tags: ["keep"] });
    await sync({ filters, lookback_minutes });
    runs[0]?.edit({ tags: [] });
    await sync({ filters, lookback_minutes });
    expect((await standing(database)).metrics).toHaveLength(2 * 2 * 4);
    runs[0]?.edit({ tags: ["keep"] });
    await sync({ filters, lookback_minutes });
    await expectAllCells();
  });

  test("several projects are told apart by a column that is part of the key", async () => {
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

  test("the state holds only runs that may be listed again", async () => {
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

  test("a run that always fails goes into quarantine, the others arrive, and the next sync tries it first", async () => {
    const runs = addRuns(12, 3);
    const [, , broken] = runs;
    wandb.traps.brokenHistory = { run: broken?.name ?? "" };
    const first = await sync({ retry_attempts: 0 });
    expect(first.status).toBe("partial");
    const { metrics } = await standing(database);
    expect(metrics).toHaveLength(11 * 12);
    const [entry] = await database.query(`SELECT * FROM _rivulet_quarantine`);
    expect(entry).toMatchObject({
      stream: "metrics",
      key: JSON.stringify({ partition: broken?.name }),
    });
    expect(String(entry?.["reason"])).toMatch(/failed to read the history/);

    expect((await sync({ retry_attempts: 0 })).status).toBe("partial");
    delete wandb.traps.brokenHistory;
    addRuns(3, 2);
    const { asked, status } = await syncAndCount();
    expect(status).toBe("completed");
    expect(historiesIn(asked)[0]).toBe(broken?.name);
    expect(await database.query(`SELECT * FROM _rivulet_quarantine`)).toEqual([]);
    await expectAllCells();
  });

  describe.each([{}, { projects: "*" }])("what is in quarantine (with %j)", (settings) => {
    const entries = async (): Promise<string[]> => {
      const rows = await database.query(`SELECT payload FROM _rivulet_quarantine ORDER BY payload`);
      return rows.map(({ payload }) => String(payload));
    };

    /** A run of several windows, in which a line that is asked for may be broken. */
    function addBroken(broken: ReadonlySet<number>): void {
      const line = (step: number): string =>
        broken.has(step) ? `{"_step": ${step}, "a": ` : `{"_step": ${step}, "a": ${step}}`;
      project.addRun({
        name: "sick",
        state: "finished",
        history: { lastStep: 2600, keys: [], line },
      });
    }

    test("stays while a line cannot be read, and leaves when it can", async () => {
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

    test("leaves with the run that it is about", async () => {
      addRuns(3, 3);
      addBroken(new Set([5]));
      const poisoned = project.addRun({ name: "poisoned" });
      poisoned.log({ a: 1 });
      wandb.traps.brokenHistory = { run: "poisoned" };
      expect((await sync({ ...settings, retry_attempts: 0 })).status).toBe("partial");
      expect(await entries()).toHaveLength(2);
      project.deleteRun("sick");
      project.deleteRun("poisoned");
      expect((await sync(settings)).status).toBe("completed");
      expect(await entries()).toEqual([]);
    });
  });
});
