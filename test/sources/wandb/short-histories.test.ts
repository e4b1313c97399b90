import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { WandbRun } from "../../../src/emulators/wandb/run.ts";
import { databases } from "../../support/databases.ts";
import { Copy, logSteps } from "./copy.ts";

const hourMs = 3_600_000;

/** Histories that have fewer lines than the service counts, or change without getting longer. */
describe.each(databases)("on %s", (_name, newDatabase) => {
  let copy: Copy;
  beforeEach(async () => {
    copy = await Copy.start(newDatabase);
    copy.addRuns(3, 2);
  });
  afterEach(async () => {
    await copy[Symbol.asyncDispose]();
  });

  /** Adds a run of ten lines. */
  function addRun(): WandbRun {
    const run = copy.project.addRun({ name: "run" });
    logSteps(run, 10);
    return run;
  }

  function addEndedRun(): WandbRun {
    const run = addRun();
    run.finish();
    return run;
  }

  const entry = (reason: string, settled = false) => [{ payload: "run", reason, settled }];

  describe.each([
    ["", {}],
    [" and its last step", { hidesLastStep: true }],
  ])("a history that lags behind its count%s", (_what, lag) => {
    test("ends each sync with 3, until it is complete", async () => {
      addEndedRun().lag({ rows: 1, ...lag });
      for (let syncs = 0; syncs < 3; syncs += 1) {
        const { exit, histories, operations, metrics } = await copy.sync();
        expect([exit, metrics.rejected]).toEqual([3, 1]);
        if (syncs > 0) expect([operations, histories]).toEqual([["Runs", "History"], ["run"]]);
        expect(await copy.quarantine()).toEqual(entry("history: 9 of 10 lines"));
      }
      copy.project.run("run")?.history.catchUp();
      const { exit, metrics } = await copy.sync();
      expect([exit, metrics.inserted]).toEqual([0, 2]);
      expect(await copy.quarantine()).toEqual([]);
      await copy.expectEqual();
      expect((await copy.sync()).operations).toEqual(["Runs"]);
    });

    test("settles a day after its end, with two reads that find the same, 6 hours apart", async () => {
      const run = addEndedRun();
      run.lag({ rows: 1, ...lag });
      const exitAfter = async (hours: number): Promise<number> => {
        copy.clock.advance(hours * hourMs);
        return (await copy.syncNow()).exit;
      };
      expect(await exitAfter(1)).toBe(3);
      expect(await exitAfter(20)).toBe(3);
      expect(await exitAfter(3.5)).toBe(0);
      expect(await copy.quarantine()).toEqual(entry("history: 9 of 10 lines", true));
      const { exit, operations } = await copy.sync();
      expect([exit, operations]).toEqual([0, ["Runs"]]);
      expect(await copy.quarantine()).toEqual(entry("history: 9 of 10 lines", true));

      run.heartbeat();
      expect(await exitAfter(1)).toBe(3);
      run.history.catchUp();
      expect(await exitAfter(1)).toBe(0);
      expect(await copy.quarantine()).toEqual([]);
      await copy.expectEqual();
    });

    test("does not settle while more lines appear", async () => {
      const run = addEndedRun();
      run.lag({ rows: 3, ...lag });
      copy.clock.advance(30 * hourMs);
      expect((await copy.sync()).exit).toBe(3);
      run.lag({ rows: 2, ...lag });
      copy.clock.advance(7 * hourMs);
      expect((await copy.sync()).exit).toBe(3);
      copy.clock.advance(7 * hourMs);
      expect((await copy.sync()).exit).toBe(0);
      expect(await copy.quarantine()).toEqual(entry("history: 8 of 10 lines", true));
    });
  });

  test("rows that were copied are not marked while the history lags behind its count", async () => {
    const run = addEndedRun();
    await copy.sync();
    run.lag({ rows: 6, hidesLastStep: true });
    run.heartbeat();
    for (let syncs = 0; syncs < 2; syncs += 1) {
      const { exit, metrics } = await copy.sync();
      expect([exit, metrics.deleted]).toEqual([3, 0]);
    }
    run.history.catchUp();
    const { exit, metrics } = await copy.sync();
    expect([exit, metrics.inserted, metrics.deleted]).toEqual([0, 0, 0]);
    await copy.expectEqual();
  });

  test("a run whose lines were rewritten after its end is read as a whole", async () => {
    const run = addEndedRun();
    await copy.sync();
    run.rewrite(3, { loss: 99 });
    const { exit, histories, metrics } = await copy.sync();
    expect([exit, histories]).toEqual([0, ["run"]]);
    expect(metrics).toMatchObject({ inserted: 0, updated: 1, deleted: 1, unchanged: 18 });
    await copy.expectEqual();
  });

  test("lines that were rewritten while the run was alive arrive once it has ended", async () => {
    const run = addRun();
    await copy.sync();
    run.rewrite(3, { loss: 99, note: "n" });
    run.finish();
    const { exit, metrics } = await copy.sync();
    expect([exit, metrics.updated]).toEqual([0, 2]);
    await copy.expectEqual();
  });

  test("a finished run that was never read while alive is read once", async () => {
    addEndedRun();
    expect((await copy.sync()).histories).toEqual(["r0", "r1", "r2", "run"]);
    expect((await copy.sync()).histories).toEqual([]);
  });

  test("the new lines of a living run are requested from its last one on", async () => {
    const run = addRun();
    await copy.sync();
    logSteps(run, 3);
    const { historyRows } = copy.wandb.counters;
    const { exit, metrics } = await copy.sync();
    expect([exit, metrics]).toMatchObject([0, { inserted: 6, unchanged: 0 }]);
    expect(copy.wandb.counters.historyRows - historyRows).toBe(4);
    await copy.expectEqual();
  });

  test.each([
    ["fewer lines", 0],
    ["as many lines again, but others", 6],
    ["more lines, but others", 9],
  ])("a run that was rewound has %s", async (_what, logged) => {
    const run = addRun();
    await copy.sync();
    run.rewind(3);
    for (let line = 0; line < logged; line += 1) run.log({ loss: 100 + line });
    const { exit, histories } = await copy.sync();
    expect([exit, new Set(histories)]).toEqual([0, new Set(["run"])]);
    await copy.expectEqual();
  });

  describe("a slow second writer of a living run", () => {
    const logLate = (run: WandbRun, step: number): void => {
      run.logLate({ _step: step, late: step });
    };

    test("leaves 3 for one sync, then its lines are there", async () => {
      const run = addRun();
      await copy.sync();
      logLate(run, 4);
      const { exit } = await copy.sync();
      expect(exit).toBe(3);
      expect(await copy.quarantine()).toEqual(
        entry("history: 10 of 11 lines; the run is still running"),
      );
      expect((await copy.sync()).exit).toBe(0);
      await copy.expectEqual();
      expect(await copy.quarantine()).toEqual([]);
    });

    test("has its lines in each second sync although the first one goes on", async () => {
      const run = addRun();
      await copy.sync();
      logLate(run, 4);
      logSteps(run, 2);
      expect((await copy.sync()).exit).toBe(3);
      logSteps(run, 2);
      expect((await copy.sync()).exit).toBe(0);
      await copy.expectEqual();
    });

    test("that is always late means 3 until the run ends, and then nothing is missing", async () => {
      const run = addRun();
      await copy.sync();
      for (let step = 1; step < 4; step += 1) {
        run.lag({ rows: 1 });
        logSteps(run, 1);
        expect((await copy.sync()).exit).toBe(3);
      }
      run.history.catchUp();
      run.finish();
      expect((await copy.sync()).exit).toBe(0);
      await copy.expectEqual();
    });
  });

  describe("a run that is deleted after the first page of its history", () => {
    beforeEach(async () => {
      logSteps(addRun(), 1500);
      copy.faults.onAnswer = ({ operation, variables }) => {
        if (operation !== "History" || !Object.values(variables).includes("run")) return;
        delete copy.faults.onAnswer;
        copy.project.deleteRun("run");
      };
      const { exit, metrics } = await copy.sync();
      expect([exit, metrics.inserted > 100]).toEqual([0, true]);
    });

    test("is marked by the next sync", async () => {
      expect((await copy.sync()).exit).toBe(0);
      await copy.expectEqual();
      expect(await copy.deleted("metrics")).toEqual(["run"]);
      expect((await copy.sync()).operations).toEqual(["Runs"]);
    });

    test("has all of its lines once it is undeleted", async () => {
      copy.project.undeleteRun("run");
      expect((await copy.sync()).exit).toBe(0);
      await copy.expectEqual();
    });
  });
});
