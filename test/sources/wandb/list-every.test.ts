import { describe, expect, test } from "vitest";
import { databases } from "../../support/databases.ts";
import type { WandbRun } from "../../../src/emulators/wandb/run.ts";
import { type Copy, type CopyResult, logSteps, useCopy } from "./copy.ts";

const minuteMs = 60_000;

const settings = { list_every_minutes: 120, listing_page_size: 4 };

/** Requests that list all of 12 runs: each page begins with the last run of the one before. */
const fullListing = Array<string>(4).fill("Runs");

/** All runs are listed now and then; in between, those that may have changed. */
describe.each(databases)("on %s", (_name, newDatabase) => {
  let copy: Copy;
  let notes: string[];
  useCopy(newDatabase, (started) => {
    copy = started;
  });

  /** Syncs so long after the last change that it is not active any more. */
  async function syncLater(
    more: object = {},
    options: Parameters<Copy["sync"]>[1] = {},
    minutes = 20,
  ): Promise<CopyResult> {
    copy.clock.advance(minutes * minuteMs);
    notes = [];
    return await copy.sync(
      { ...settings, ...more },
      { onBatch: ({ note }) => note !== undefined && notes.push(note), ...options },
    );
  }

  function namesIn({ requests }: CopyResult): unknown[] {
    return requests
      .map(({ variables }) => String(variables?.["filters"]))
      .filter((filters) => filters.startsWith('{"name"'));
  }

  test("an unchanged project costs one request, and all runs are listed when it is time", async () => {
    copy.addRuns(12);
    const first = await syncLater();
    expect([first.exit, notes]).toEqual([0, []]);
    for (let sync = 0; sync < 5; sync += 1) {
      const { exit, operations, runs, metrics } = await syncLater();
      expect([exit, operations]).toEqual([0, ["Runs"]]);
      expect([runs.updated, metrics.updated]).toEqual([0, 0]);
      expect(notes).toEqual(
        Array(2).fill('project "vision": all runs were last listed at 2026-01-01 12:21 UTC'),
      );
    }
    const due = await syncLater();
    expect([due.operations, notes]).toEqual([["Runs", ...fullListing], []]);
    expect((await syncLater()).operations).toEqual(["Runs"]);
    await copy.expectEqual();
  });

  test("0 lists all runs in each sync, also after another number", async () => {
    copy.addRuns(12);
    for (const list_every_minutes of [120, 0, 0, 120, 120]) await syncLater({ list_every_minutes });
    expect((await syncLater()).operations).toEqual(["Runs"]);
    expect((await syncLater({ list_every_minutes: 0 })).operations).toEqual(fullListing);
  });

  test("a run that begins, one that goes on and one that ends arrive at once", async () => {
    const [old, resumed] = copy.addRuns(12);
    old?.resume();
    await syncLater();
    const begun = copy.project.addRun({ name: "begun" });
    logSteps(begun, 2);
    resumed?.resume();
    if (resumed) logSteps(resumed, 1);
    if (old) logSteps(old, 2);
    old?.finish();
    const { exit, histories } = await syncLater({}, {}, 0);
    expect([exit, histories, notes.length]).toEqual([0, ["begun", "r0", "r1"], 2]);
    await copy.expectEqual();
  });

  test("a deleted run is marked by the next full listing only", async () => {
    copy.addRuns(12);
    await syncLater();
    copy.project.deleteRun("r3");
    copy.project.deleteRun("r11");
    expect((await syncLater()).exit).toBe(0);
    expect([await copy.deleted("runs"), await copy.deleted("metrics")]).toEqual([[], []]);
    expect((await syncLater({}, {}, 120)).exit).toBe(0);
    expect(await copy.deleted()).toEqual(["r11", "r3"]);
    await copy.expectEqual();
  });

  test("what no heartbeat shows arrives with the next full listing", async () => {
    const filters = { tags: "keep" };
    for (const run of copy.addRuns(12)) if (run.name !== "r2") run.tag("keep");
    await syncLater({ filters });
    copy.project.run("r2")?.tag("keep");
    copy.project.run("r4")?.edit({ displayName: "better" });
    const between = await syncLater({ filters });
    expect([between.operations, between.runs.inserted]).toEqual([["Runs"], 0]);
    const { exit, histories, runs } = await syncLater({ filters }, {}, 120);
    expect([exit, histories, runs.inserted, runs.updated]).toEqual([0, ["r2"], 1, 1]);
    await copy.expectEqual();
  });

  describe("without a heartbeat, a run is asked for by name", () => {
    test("that was running: it may be declared crashed", async () => {
      const [run] = copy.addRuns(12);
      run?.resume();
      await syncLater();
      run?.crash();
      const { exit, requests, runs } = await syncLater();
      expect([exit, runs.updated]).toEqual([0, 1]);
      expect(namesIn({ requests } as CopyResult)).toEqual(Array(3).fill('{"name":{"$in":["r0"]}}'));
      await copy.expectEqual();
      expect((await syncLater()).operations).toEqual(["Runs"]);
    });

    test("whose history is short", async () => {
      const [run] = copy.addRuns(12, 5);
      run?.lag({ rows: 2 });
      expect((await syncLater()).exit).toBe(3);
      expect((await syncLater()).histories).toEqual(["r0"]);
      run?.history.catchUp();
      const { exit, histories } = await syncLater();
      expect([exit, histories]).toEqual([0, ["r0"]]);
      await copy.expectEqual();
      expect((await syncLater()).operations).toEqual(["Runs"]);
    });

    test("that could not be read", async () => {
      const run = copy.addRuns(12)[5];
      await syncLater();
      run?.resume();
      run?.finish();
      copy.faults.brokenHistory = { run: "r5" };
      expect((await syncLater({ retry_attempts: 0 })).exit).toBe(3);
      delete copy.faults.brokenHistory;
      const { exit, histories } = await syncLater();
      expect([exit, histories]).toEqual([0, ["r5"]]);
      await copy.expectEqual();
    });

    test("that changed just before the last listing", async () => {
      const [run] = copy.addRuns(12);
      run?.edit({ notes: "first" });
      await copy.syncNow(settings);
      run?.edit({ notes: "second" });
      const { exit, runs, metrics } = await syncLater();
      expect([exit, notes.length, runs.updated, metrics.updated]).toEqual([0, 2, 1, 0]);
      await copy.expectEqual();
      expect((await syncLater()).operations).toEqual(["Runs"]);
    });

    test("that is gone: it stays as it is until the next full listing", async () => {
      const [run] = copy.addRuns(12);
      run?.resume();
      await syncLater();
      copy.project.deleteRun("r0");
      expect((await syncLater()).exit).toBe(0);
      expect(await copy.deleted()).toEqual([]);
      expect((await syncLater({}, {}, 120)).exit).toBe(0);
      expect(await copy.deleted()).toEqual(["r0"]);
    });
  });

  test("a stream that has missed a listing lists what it has missed", async () => {
    const [run] = copy.addRuns(12);
    await syncLater();
    run?.resume();
    run?.finish();
    await syncLater({}, { streams: ["runs"] });
    const { exit, operations, histories } = await syncLater();
    expect([exit, histories]).toEqual([0, ["r0"]]);
    expect(operations).toEqual(["Runs", "Runs", "History"]);
    await copy.expectEqual();
  });

  test.each([
    ["other filters", { filters: { tags: "keep" } }, {}],
    ["a full refresh", {}, { fullRefresh: true }],
    ["an allowed mass deletion", {}, { allowMassDeletion: true }],
  ])("all runs are listed for %s", async (_what, more, options) => {
    for (const run of copy.addRuns(12)) run.tag("keep");
    await syncLater();
    copy.project.deleteRun("r3");
    const { exit, runs } = await syncLater(more, options);
    expect([exit, runs.deleted, notes]).toEqual([0, 1, []]);
    await copy.expectEqual();
  });

  test("other metrics list all runs for their table", async () => {
    copy.addRuns(12);
    await syncLater();
    copy.project.deleteRun("r3");
    const { exit } = await syncLater({ metrics: "loss" });
    expect([exit, await copy.deleted("runs")]).toEqual([0, []]);
    const marked = await copy.database.query(
      `SELECT 1 FROM metrics WHERE _deleted AND run_id = 'r3'`,
    );
    expect(marked).toHaveLength(2);
  });

  test("a refused mass deletion is refused again at once", async () => {
    copy.addRuns(30);
    await syncLater();
    for (const { name } of copy.project.runs.slice(0, 25)) copy.project.deleteRun(name);
    expect((await syncLater()).exit).toBe(0);
    expect((await syncLater({}, {}, 120)).exit).toBe(1);
    expect((await syncLater()).exit).toBe(1);
    expect((await syncLater({}, { allowMassDeletion: true })).runs.deleted).toBe(25);
  });

  test("hidden runs are looked for where a new one is hidden, and others stay known", async () => {
    const seldom = { list_every_minutes: 10_000 };
    copy.faults.countHidden = true;
    copy.addRuns(12);
    hide(copy.project.run("r2"));
    expect((await syncLater(seldom)).exit).toBe(3);
    expect((await syncLater(seldom)).exit).toBe(0);
    expect((await copy.quarantine()).map(({ settled }) => settled)).toEqual([true, true]);
    copy.addRuns(2).forEach(hide);
    expect((await syncLater(seldom, {}, 0)).exit).toBe(3);
    expect([(await syncLater(seldom)).exit, notes.length]).toEqual([0, 2]);
  });

  test("runs that come and go while the list is read hide none", async () => {
    copy.addRuns(12);
    await syncLater();
    const begun = copy.addRuns(30).map(({ name }) => name);
    let changes = 0;
    copy.faults.onAnswer = () => {
      changes += 1;
      if (changes > 12) return;
      copy.project.deleteRun(begun[changes] ?? "");
      const other = copy.project.run(`r${changes}`);
      other?.resume();
      other?.finish();
    };
    expect((await syncLater({ list_every_minutes: 10_000 }, {}, 0)).exit).toBe(0);
    delete copy.faults.onAnswer;
    await syncLater({ list_every_minutes: 10_000 }, {}, 0);
    expect(notes).toHaveLength(2);
    await syncLater({ list_every_minutes: 0 }, {}, 0);
    await copy.expectEqual();
  });

  describe("all runs are listed in each sync", () => {
    async function expectFullListing(more: object = {}): Promise<void> {
      const [run] = copy.addRuns(12);
      await syncLater(more);
      run?.edit({ notes: "read me" });
      const { exit, runs } = await syncLater(more);
      expect([exit, runs.updated, notes]).toEqual([0, 1, []]);
    }

    test("if the filter by heartbeat matches nothing", async () => {
      copy.faults.deadFilters = ["heartbeatAt"];
      await expectFullListing();
    });

    test("if the service does not count", async () => {
      copy.faults.missingFields = ["Project.runCount"];
      await expectFullListing({ listing_page_size: 100 });
    });

    test("if the filters are ignored", async () => {
      copy.faults.filtersIgnored = { runs: true, runCount: true };
      await expectFullListing({ listing_page_size: 100 });
    });

    test("over REST", async () => {
      copy.faults.rest = {};
      await expectFullListing({ api: "rest" });
    });

    test("if the service's clock was set back", async () => {
      copy.addRuns(12);
      await syncLater();
      copy.clock.advance(-48 * 60 * minuteMs);
      await syncLater();
      expect(notes).toEqual([]);
    });
  });
});

function hide(run: WandbRun | undefined): void {
  if (run) run.hidden = true;
}
