import { describe, expect, test } from "vitest";
import { databases } from "../../support/databases.ts";
import { type Copy, type CopyResult, useCopy } from "./copy.ts";

type Settings = Readonly<Record<string, unknown>>;

const hourMs = 3_600_000;

describe.each(databases)("on %s", (_name, newDatabase) => {
  let copy: Copy;
  useCopy(newDatabase, (started) => {
    copy = started;
  });

  const payloads = async (): Promise<string[]> =>
    (await copy.quarantine()).map(({ payload }) => payload);

  test("a run that always fails is quarantined, the others are copied, and it is tried in each sync", async () => {
    copy.addRuns(12, 3);
    copy.faults.brokenHistory = { run: "r2" };
    const first = await copy.sync({ retry_attempts: 0 });
    expect([first.exit, first.metrics.inserted]).toEqual([3, 11 * 6]);
    expect(await copy.quarantine()).toEqual([
      {
        payload: "r2",
        reason: expect.stringMatching(/failed to read the history/) as string,
        settled: false,
      },
    ]);
    const second = await copy.sync({ retry_attempts: 0 });
    expect([second.exit, new Set(second.histories)]).toEqual([3, new Set(["r2"])]);
    delete copy.faults.brokenHistory;
    copy.addRuns(3, 2);
    const { histories, exit } = await copy.sync();
    expect([exit, histories]).toEqual([0, ["r12", "r13", "r14", "r2"]]);
    expect(await payloads()).toEqual([]);
    await copy.expectEqual();
  });

  describe.each<Settings>([{}, { projects: "*" }])("an entry (with %j)", (settings) => {
    /** Adds a run of several windows whose lines at these steps are broken when requested. */
    function addBroken(
      broken: ReadonlySet<number>,
      state: "finished" | "running" = "finished",
    ): void {
      const line = (step: number): string =>
        broken.has(step) ? `{"_step": ${step}, "a": ` : `{"_step": ${step}, "a": ${step}}`;
      const history = { lastStep: 2600, keys: [], line };
      copy.project.addRun({ name: "sick", state, history });
    }

    /** The lowest step from which a history was requested. */
    const firstStep = (requests: CopyResult["requests"]): number => {
      const variables = requests.flatMap(({ variables = {} }) => Object.entries(variables));
      return Math.min(
        ...variables.flatMap(([name, at]) => (/^f\d+$/.test(name) ? [Number(at)] : [])),
      );
    };

    test("stays as long as a line is unreadable, and goes once it can be read", async () => {
      copy.addRuns(2, 3);
      const broken = new Set([5, 2500]);
      addBroken(broken);
      expect((await copy.sync(settings)).exit).toBe(3);
      expect(await copy.quarantine()).toMatchObject([
        { reason: "history: 2 values or lines could not be stored" },
        {},
        {},
      ]);
      const { exit, histories } = await copy.sync(settings);
      expect([exit, new Set(histories)]).toEqual([3, new Set(["sick"])]);
      broken.delete(5);
      expect((await copy.sync(settings)).exit).toBe(3);
      expect(await payloads()).toEqual(["sick", '{"_step": 2500, "a": ']);
      broken.clear();
      expect((await copy.sync(settings)).exit).toBe(0);
      expect(await payloads()).toEqual([]);
      const [row] = await copy.database.query(
        `SELECT count(*) AS n FROM metrics WHERE run_id = 'sick' AND metric_name = 'a'`,
      );
      expect(Number(row?.["n"])).toBe(2601);
    });

    test("of a running run is asked for in each sync, from where its first such line stands", async () => {
      const broken = new Set([1500]);
      addBroken(broken, "running");
      expect((await copy.sync(settings)).exit).toBe(3);
      const unchanged = await copy.sync(settings);
      expect([unchanged.exit, new Set(unchanged.histories)]).toEqual([3, new Set(["sick"])]);
      expect(firstStep(unchanged.requests)).toBeGreaterThan(0);
      expect(await payloads()).toEqual(['{"_step": 1500, "a": ']);
      broken.add(3);
      copy.project.run("sick")?.heartbeat();
      expect((await copy.sync({ ...settings }, { fullRefresh: true })).exit).toBe(3);
      const fromStart = await copy.sync(settings);
      expect([fromStart.exit, firstStep(fromStart.requests)]).toEqual([3, 0]);
      broken.clear();
      expect((await copy.sync(settings)).exit).toBe(0);
      expect(await payloads()).toEqual([]);
      expect((await copy.sync(settings)).histories).toEqual([]);
    });

    test("settles with its line", async () => {
      addBroken(new Set([5]));
      const exits: number[] = [];
      for (let syncs = 0; syncs < 3; syncs += 1) {
        copy.clock.advance(13 * hourMs);
        exits.push((await copy.sync(settings)).exit);
      }
      expect(exits).toEqual([3, 0, 0]);
      expect((await copy.quarantine()).map(({ settled }) => settled)).toEqual([true, true]);
      expect((await copy.sync(settings)).histories).toEqual([]);
    });

    test("goes with its run", async () => {
      copy.addRuns(3, 3);
      addBroken(new Set([5]));
      copy.project.addRun({ name: "poisoned" }).log({ a: 1 });
      copy.faults.brokenHistory = { run: "poisoned" };
      expect((await copy.sync({ ...settings, retry_attempts: 0 })).exit).toBe(3);
      expect(await payloads()).toHaveLength(3);
      copy.project.deleteRun("sick");
      copy.project.deleteRun("poisoned");
      expect((await copy.sync(settings)).exit).toBe(0);
      expect(await payloads()).toEqual([]);
    });
  });
});
