import { describe, expect, test } from "vitest";
import { databases } from "../../support/databases.ts";
import { type Copy, useCopy } from "./copy.ts";

/** Pages so small that the list has many of them. */
const settings = { listing_page_size: 5, page_size: 7 };

/** The list changes while it is read: no run is lost, and none that exists is marked. */
describe.each(databases)("on %s", (_name, newDatabase) => {
  let copy: Copy;
  useCopy(newDatabase, (started) => {
    copy = started;
  });

  /** Calls back after each page of the list, as long as it returns true. */
  function afterEachPage(change: (page: number) => boolean): void {
    let page = 0;
    copy.faults.onAnswer = ({ operation, query }) => {
      const isListing = operation === "Runs" && !query.includes("summaryMetrics");
      if (isListing && !change(++page)) delete copy.faults.onAnswer;
    };
  }

  test("runs deleted and resumed between the pages of the first sync", async () => {
    const runs = copy.addRuns(40);
    afterEachPage((page) => {
      copy.project.deleteRun(`r${page - 1}`);
      runs[20 + page]?.resume();
      return page < 6;
    });
    expect((await copy.sync(settings)).exit).toBe(0);
    expect(await copy.deleted()).toEqual([]);
    const { exit } = await copy.sync(settings);
    expect(exit).toBe(0);
    await copy.expectEqual();
  });

  test("one run deleted and one begun between two pages", async () => {
    copy.addRuns(20);
    await copy.sync(settings);
    afterEachPage((page) => {
      if (page < 2) return true;
      copy.project.deleteRun("r3");
      copy.addRuns(1);
      return false;
    });
    expect((await copy.sync(settings)).exit).toBe(0);
    expect(await copy.deleted()).toEqual([]);
    expect((await copy.sync(settings)).exit).toBe(0);
    expect(await copy.deleted()).toEqual(["r3"]);
    await copy.expectEqual();
  });

  test.each(["2026-01-01T00:00:01Z", "2026-01-01T00:00:01.123456Z"])(
    "more runs of one instant than in a page, in another order with each answer (%s)",
    async (createdAt) => {
      for (let index = 0; index < 23; index += 1) {
        const run = copy.project.addRun({ name: `tie${index}`, createdAt, state: "finished" });
        run.history.append(0, `{"_step": 0, "_timestamp": 1767225600, "loss": ${index}}`);
      }
      copy.addRuns(7);
      copy.faults.unstableTies = true;
      expect((await copy.sync(settings)).exit).toBe(0);
      await copy.expectEqual();
      const { exit, operations, runs } = await copy.sync(settings);
      expect([exit, runs.inserted, runs.updated, runs.deleted]).toEqual([0, 0, 0, 0]);
      expect(operations.length).toBeLessThan(16);
    },
  );

  test("runs in no order at all", async () => {
    copy.addRuns(40);
    copy.faults.orderIgnored = true;
    expect((await copy.sync(settings)).exit).toBe(0);
    await copy.expectEqual();
  });

  test("pages without runs that are not the last", async () => {
    copy.addRuns(20);
    copy.faults.emptyPages = { above: 5 };
    expect((await copy.sync(settings)).exit).toBe(0);
    await copy.expectEqual();
    copy.project.deleteRun("r7");
    expect((await copy.sync(settings)).exit).toBe(0);
    await copy.expectEqual();
  });

  test("a server that shows fewer runs than requested", async () => {
    copy.addRuns(20);
    copy.faults.pageSizeCap = 3;
    expect((await copy.sync()).exit).toBe(0);
    await copy.expectEqual();
    for (let index = 0; index < 8; index += 1) copy.project.deleteRun(`r${index}`);
    const { exit, runs } = await copy.sync();
    expect([exit, runs.deleted]).toEqual([0, 8]);
    await copy.expectEqual();
  });

  test("the list takes a request per page, and one run more costs one request more", async () => {
    copy.addRuns(40);
    await copy.sync(settings);
    const { operations } = await copy.sync(settings);
    // Each page begins with the last run of the one before.
    expect(operations).toEqual(Array(10).fill("Runs"));
    copy.project.run("r9")?.tag("t");
    expect((await copy.sync(settings)).operations).toHaveLength(11);
  });
});
