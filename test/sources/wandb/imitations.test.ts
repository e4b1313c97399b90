import { describe, expect, test } from "vitest";
import { databases } from "../../support/databases.ts";
import { type Copy, useCopy } from "./copy.ts";

const settings = { listing_page_size: 5 };

/** Servers that speak W&B's protocol and lack some of it. */
describe.each(databases)("on %s", (_name, newDatabase) => {
  let copy: Copy;
  useCopy(newDatabase, (started) => {
    copy = started;
  });

  /** Syncs, and expects that all is read, nothing marked, and 3 with the reason. */
  async function expectDoubted(reason: RegExp): Promise<void> {
    const { exit } = await copy.sync(settings);
    expect(exit).toBe(3);
    expect(await copy.quarantine()).toEqual(
      Array(2).fill({
        payload: expect.stringContaining("vision") as string,
        reason: expect.stringMatching(reason) as string,
        settled: false,
      }),
    );
    expect(await copy.deleted()).toEqual([]);
  }

  describe.each([
    ["without filters", { missingFields: ["Project.runs.filters"] }, /this server cannot filter/],
    ["without counts", { missingFields: ["Project.runCount"] }, /does not count/],
    ["without filtered counts", { missingFields: ["Project.runCount.filters"] }, /does not count/],
    [
      "without either, with errors in a 200 and single quotes",
      {
        missingFields: ["Project.runs.filters", "Project.runCount.filters"],
        invalidQuery: { status: 200, quotes: "single" },
      },
      /this server cannot filter|does not count/,
    ],
    ["whose filters are ignored", { filtersIgnored: { runs: true, runCount: true } }, /filter/],
    ["whose counts ignore filters", { filtersIgnored: { runCount: true } }, /filter/],
    ["whose lists ignore filters", { filtersIgnored: { runs: true } }, /filter|leaves items out/],
    ["whose filter by time matches nothing", { deadFilters: ["createdAt"] }, /filter/],
  ] as const)("a server %s", (_what, faults, reason) => {
    test("needs nothing if its list fits into one answer; a longer one is read as a whole, and nothing is marked", async () => {
      Object.assign(copy.faults, faults);
      copy.addRuns(4);
      expect((await copy.sync(settings)).exit).toBe(0);
      copy.project.run("r1")?.tag("t");
      copy.addRuns(8);
      await expectDoubted(reason);
      await copy.expectEqual();
      copy.project.deleteRun("r3");
      copy.addRuns(1);
      await expectDoubted(reason);
      expect(await copy.database.query(`SELECT run_id FROM runs`)).toHaveLength(13);
    });
  });

  test("what such a server lacks is asked for once, and not retried", async () => {
    copy.addRuns(4);
    copy.faults.missingFields = ["Project.runs.filters", "Project.runCount", "Run.updatedAt"];
    const { exit, operations } = await copy.sync();
    const others = operations.filter((name) => name !== "History");
    expect([exit, others]).toEqual([0, ["Runs", "Runs", "Runs", "SingleRuns"]]);
  });

  test("configured filters that the server does not know end with 2", async () => {
    copy.addRuns(4);
    copy.faults.missingFields = ["Project.runs.filters"];
    const { exit, error } = await copy.sync({ filters: { tags: "keep" } });
    expect([exit, error]).toEqual([2, expect.stringMatching(/wandb\.filters: this server cannot/)]);
  });

  test("a server that lacks what a query needs ends with 2, and says so once", async () => {
    copy.addRuns(4);
    copy.faults.missingFields = ["Run.createdAt"];
    const { exit, error, operations } = await copy.sync();
    expect([exit, operations]).toEqual([2, ["Runs"]]);
    expect(error).toMatch(/too old|no W&B/);
    expect(error.match(/createdAt/g)).toHaveLength(1);
  });

  test("once the server can filter, what was deleted meanwhile is marked", async () => {
    copy.addRuns(12);
    copy.faults.filtersIgnored = { runs: true };
    await copy.sync(settings);
    copy.project.deleteRun("r3");
    await copy.sync(settings);
    delete copy.faults.filtersIgnored;
    const { exit, runs, metrics } = await copy.sync(settings);
    expect([exit, runs.deleted, metrics.deleted]).toEqual([0, 1, 2]);
    await copy.expectEqual();
  });
});
