import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { respond } from "../../support/faults.ts";
import { databases } from "../../support/databases.ts";
import type { WandbRun } from "../../../src/emulators/wandb/run.ts";
import { Copy, logSteps } from "./copy.ts";
import { expectedTables, storedTables } from "./tables.ts";

const refuseRequest = respond({ errors: [{ message: "timed out" }] });

const unchanged = { inserted: 0, updated: 0, unchanged: 0, deleted: 0, rejected: 0 };

describe.each(databases)("on %s", (_name, newDatabase) => {
  let copy: Copy;
  /** Histories fail in windows that begin after this step. */
  let lastServedStep: number;
  beforeEach(async () => {
    lastServedStep = Infinity;
    copy = await Copy.start(newDatabase, {
      intercept: (service) => (request, response) => {
        const starts = [...request.body.matchAll(/"f\d+":(\d+)/g)].map(([, step]) => Number(step));
        return (Math.max(...starts) > lastServedStep ? refuseRequest : service)(request, response);
      },
    });
  });
  afterEach(async () => {
    await copy[Symbol.asyncDispose]();
  });

  const fillAllFields = (run: WandbRun, index: number): void => {
    run.edit({
      config: { lr: 0.1 * index, layers: [1, 2], nested: { a: null } },
      tags: [`t${index}`],
      notes: index % 2 === 0 ? null : `notes ${index}`,
      ...{ group: "g", jobType: "train", sweepName: "s", commit: "c0ffee" },
    });
    run.log({ epoch: index, train: { acc: index / 7 } });
  };

  test("copies every cell of a project with many pages; a second sync takes one request and writes nothing", async () => {
    copy.addRuns(23, 12).forEach(fillAllFields);
    const first = await copy.sync({ page_size: 5, listing_page_size: 7 });
    expect([first.exit, first.runs.inserted]).toEqual([0, 23]);
    await copy.expectEqual();
    const { operations, runs, metrics } = await copy.sync();
    expect(operations).toEqual(["Runs"]);
    expect([runs, metrics]).toEqual([unchanged, unchanged]);
  });

  test("copies each stream without the other", async () => {
    copy.addRuns(3, 4);
    for (const stream of ["metrics", "runs"]) {
      expect((await copy.sync({}, { streams: [stream] })).exit).toBe(0);
    }
    await copy.expectEqual();
  });

  test("requests only the new steps of growing runs", async () => {
    const [first, second] = copy.addRuns(4, 10);
    const live = copy.project.addRun({ name: "live" });
    logSteps(live, 20);
    await copy.sync();
    logSteps(live, 5);
    first?.resume();
    second?.heartbeat();
    const { requests, histories, metrics } = await copy.sync();
    await copy.expectEqual();
    expect(metrics).toMatchObject({ inserted: 10, updated: 0, deleted: 0 });
    expect(histories).toEqual(["live", "r0", "r1"]);
    const ofLive = requests.find(({ variables = {} }) => Object.values(variables).includes("live"));
    const variables = Object.entries(ofLive?.variables ?? {});
    const [alias = ""] = variables.find(([, value]) => value === "live") ?? [];
    expect(ofLive?.variables?.[alias.replace("n", "f")]).toBe(19);
  });

  test("finds new runs with one listing", async () => {
    copy.addRuns(5, 3);
    await copy.sync();
    copy.addRuns(1, 3);
    const { operations, histories } = await copy.sync();
    expect([operations, histories]).toEqual([["Runs", "Runs", "History"], ["r5"]]);
    await copy.expectEqual();
  });

  test("marks deleted runs and their metrics as deleted, however long ago they finished", async () => {
    copy.addRuns(4, 3);
    await copy.sync();
    copy.project.deleteRun("r0");
    const first = await copy.sync();
    expect([first.runs.deleted, first.metrics]).toMatchObject([1, { deleted: 6, inserted: 0 }]);
    copy.project.deleteRun("r3");
    expect((await copy.sync()).runs.deleted).toBe(1);
    await copy.expectEqual();
    expect((await copy.sync()).operations).toEqual(["Runs"]);
  });

  test.each(["1 s later", "in the same second"])(
    "marks a run as deleted even if another was begun %s",
    async (when) => {
      copy.addRuns(2, 3);
      const createdAt = copy.clock.nextInstant();
      copy.project.addRun({ name: "short", createdAt });
      await copy.sync();
      copy.project.deleteRun("short");
      copy.project.addRun(when === "1 s later" ? {} : { createdAt });
      await copy.sync();
      await copy.expectEqual();
    },
  );

  test("marks a run as deleted that was begun during a sync and deleted before the next one", async () => {
    copy.addRuns(3, 3);
    await copy.sync();
    copy.faults.onRequest = () => {
      delete copy.faults.onRequest;
      copy.addRuns(1, 3);
    };
    const { runs, metrics } = await copy.sync();
    expect([runs.inserted, metrics.inserted]).toEqual([1, 6]);
    copy.project.deleteRun("r3");
    await copy.sync();
    await copy.expectEqual();
  });

  test("a full refresh reads everything, writes only changes, and finds deleted runs", async () => {
    copy.addRuns(4, 5);
    await copy.sync();
    copy.project.deleteRun("r0");
    const { histories, runs, metrics } = await copy.sync({}, { fullRefresh: true });
    expect(runs).toEqual({ ...unchanged, unchanged: 3, deleted: 1 });
    expect(metrics).toEqual({ ...unchanged, unchanged: 30, deleted: 10 });
    expect(histories).toEqual(["r1", "r2", "r3"]);
    await copy.expectEqual();
  });

  test("copies runs without a heartbeat, and does not request them again", async () => {
    copy.addRuns(2, 2);
    copy.project.addRun({ heartbeatAt: null, state: "pending" });
    await copy.sync();
    const late = copy.project.addRun({ heartbeatAt: null, state: "finished" });
    late.history.append(0, `{"_step": 0, "_timestamp": 1767229200, "loss": 1}`);
    await copy.sync();
    await copy.expectEqual();
    expect((await copy.sync()).operations).toEqual(["Runs"]);
  });

  test("copies only runs that match the filters, and starts over with other filters", async () => {
    const filters = { tags: "keep" };
    copy.addRuns(3, 2)[1]?.tag("keep");
    await copy.sync({ filters: JSON.stringify(filters) });
    expect((await storedTables(copy.database)).runs).toHaveLength(1);
    await copy.sync();
    await copy.expectEqual();
    await copy.sync({ filters });
    const { runs, metrics } = await storedTables(copy.database);
    expect([runs.length, metrics.length]).toEqual([1, 4]);
  });

  test("starts over with other metric patterns, and marks metrics that they exclude as deleted", async () => {
    copy.addRuns(3, 2);
    await copy.sync({ metrics: "loss" });
    expect((await storedTables(copy.database)).metrics).toHaveLength(6);
    await copy.sync();
    await copy.expectEqual();
    expect((await copy.sync({ metrics: "note" })).metrics.deleted).toBe(6);
    expect((await storedTables(copy.database)).metrics).toHaveLength(6);
  });

  test("marks vanished metrics as deleted even if rereading the history fails in the middle", async () => {
    const [run] = copy.addRuns(1, 2500);
    await copy.sync();
    lastServedStep = 500;
    run?.rewind(2000);
    run?.log({ loss: 1 });
    expect((await copy.sync({ metrics: "loss", retry_attempts: 0 })).exit).toBe(3);
    lastServedStep = Infinity;
    expect((await copy.sync({ metrics: "loss" })).exit).toBe(0);
    const expected = expectedTables(copy.project).metrics;
    expect((await storedTables(copy.database)).metrics).toEqual(
      expected.filter(({ metric_name }) => metric_name === "loss"),
    );
  });

  test("marks everything of a run as deleted that the filters no longer match, even if it had failed in the middle", async () => {
    const filters = { state: { $in: ["running", "finished"] } };
    const live = copy.project.addRun({ name: "live" });
    logSteps(live, 1500);
    lastServedStep = 500;
    copy.addRuns(2, 3);
    expect((await copy.sync({ filters, retry_attempts: 0 })).exit).toBe(3);
    lastServedStep = Infinity;
    live.finish("failed");
    expect((await copy.sync({ filters })).exit).toBe(0);
    const { metrics } = await storedTables(copy.database);
    expect(new Set(metrics.map(({ run_id }) => run_id))).toEqual(new Set(["r0", "r1"]));
  });

  test("tells several projects apart by a column that is part of the key", async () => {
    const other = copy.wandb.workspace.addProject({ name: "audio" });
    copy.project.addRun({ name: "same" }).log({ a: 1 });
    other.addRun({ name: "same" }).log({ a: 2 });
    await copy.sync({ projects: "*" });
    const rows = await copy.database.query(
      `SELECT project, run_id, metric_value FROM metrics ORDER BY 1`,
    );
    expect(rows.map((row) => Object.values(row).map(String))).toEqual([
      ["audio", "same", "2"],
      ["vision", "same", "1"],
    ]);
    other.run("same")?.rewind(-1);
    await copy.sync({ projects: "*" });
    const left = await copy.database.query(`SELECT project FROM metrics WHERE NOT _deleted`);
    expect(left).toEqual([{ project: "vision" }]);
  });
});
