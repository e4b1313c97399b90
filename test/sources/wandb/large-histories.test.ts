import { describe, expect, test } from "vitest";
import { newSqlite } from "../../support/databases.ts";
import { respond } from "../../support/faults.ts";
import { type Copy, logSteps, useCopy } from "./copy.ts";
import { expectedTables, storedTables } from "./tables.ts";

let copy: Copy;
useCopy(newSqlite, (started) => {
  copy = started;
});

describe("a history of several windows", () => {
  test.each(["sample", "first"] as const)(
    "is complete though a response may not be (%s)",
    async (overfullPage) => {
      const run = copy.project.addRun();
      for (let step = 0; step < 3500; step += 1) run.log({ a: step });
      for (let step = 5000; step < 9000; step += 3) run.log({ _step: step, a: step });
      copy.faults.overfullPage = overfullPage;
      const { exit, warnings } = await copy.sync();
      expect([exit, warnings]).toEqual([0, []]);
      await copy.expectEqual();
    },
  );

  test("does not end at sparse steps and empty windows", async () => {
    const run = copy.project.addRun();
    for (const step of [3, 40_000, 40_001, 5_000_000, 2 ** 40]) run.log({ _step: step, a: step });
    for (let step = 1; step < 1200; step += 1) run.log({ _step: 2 ** 41 + step, a: step });
    run.finish();
    const { histories } = await copy.sync();
    await copy.expectEqual();
    expect(histories.length).toBeLessThan(10);
  });

  test("has the rows that were added while it was read with the next sync at the latest", async () => {
    const run = copy.project.addRun();
    logSteps(run, 2500);
    let left = 3;
    copy.faults.onPage = ({ field }) => {
      if (field === "history" && left-- > 0) logSteps(run, 1500);
    };
    await copy.sync();
    await copy.sync();
    await copy.expectEqual();
  });

  test("is read in windows that the server can return", async () => {
    copy.addRuns(3, 100);
    copy.faults.tooLarge = { rows: 300 };
    expect((await copy.sync({ retry_attempts: 0 })).exit).toBe(0);
    await copy.expectEqual();
  });

  test("costs only its new rows with a server that can return two rows at a time", async () => {
    const [run] = copy.addRuns(1, 10);
    run?.resume();
    copy.faults.tooLarge = { rows: 2 };
    await copy.sync({ retry_attempts: 0 });
    for (let step = 0; step < 5; step += 1) run?.log({ loss: step });
    const { requests } = await copy.sync({ retry_attempts: 0 });
    await copy.expectEqual();
    expect(requests.length).toBeLessThan(40);
  });

  test("is read without the fields that mark its end", async () => {
    copy.addRuns(2, 30);
    const run = copy.project.addRun();
    for (const step of [0, 7000, 7001, 90_000]) run.log({ _step: step, a: step });
    copy.faults.missingFields = ["Run.historyKeys", "Run.historyLineCount"];
    expect((await copy.sync()).exit).toBe(0);
    const { metrics } = await storedTables(copy.database);
    expect(metrics).toEqual(expectedTables(copy.project).metrics);
  });
});

describe("several histories in one request", () => {
  /** How many histories each request asked for. */
  const sizesOf = (requests: Copy["wandb"]["requests"]): number[] =>
    requests
      .filter(({ operation }) => operation === "History")
      .map(
        ({ variables = {} }) => Object.keys(variables).filter((name) => /^n\d/.test(name)).length,
      );

  test("become fewer if the server rejects that as too complex", async () => {
    copy.addRuns(80, 2);
    copy.faults.complexity = { runs: 5 };
    const { exit, requests } = await copy.sync({ concurrency: 2 });
    expect(exit).toBe(0);
    await copy.expectEqual();
    const sizes = sizesOf(requests);
    expect(Math.max(...sizes)).toBe(8);
    expect(sizes.filter((size) => size === 4).length).toBeGreaterThan(10);
    expect(sizes.filter((size) => size === 8).length).toBeLessThan(4);
  });

  test("are asked for again after an error about the whole project", async () => {
    const error = { message: "context deadline exceeded", path: ["project"] };
    const failure = respond({ data: { viewer: { id: "u" }, project: null }, errors: [error] });
    let fails = 1;
    copy.intercepted = (body) => {
      const isBatch = body.includes("query History") && body.includes("$n1");
      return isBatch && fails-- > 0 ? failure : undefined;
    };
    copy.addRuns(10, 4);
    expect((await copy.sync({ concurrency: 1 })).exit).toBe(0);
    expect(fails).toBeLessThan(1);
    await copy.expectEqual();
  });
});
