import { describe, expect, test } from "vitest";
import { databases } from "../../support/databases.ts";
import { graphqlErrors } from "../../../src/emulators/wandb/response.ts";
import type { WandbRun } from "../../../src/emulators/wandb/run.ts";
import { type Copy, useCopy } from "./copy.ts";

/** What a sync leaves for the next one, and what the next one makes of it. */
describe.each(databases)("on %s", (_name, newDatabase) => {
  let copy: Copy;
  useCopy(newDatabase, (started) => {
    copy = started;
  });

  /** Adds a run whose history takes many requests and megabytes. */
  function addLongRun(): WandbRun {
    const text = "x".repeat(900);
    const line = (step: number) =>
      `{"_step": ${step}, "_timestamp": ${1767225600 + step}, "text": "${text}"}`;
    const history = { lastStep: 4999, keys: ["text"], line };
    return copy.project.addRun({ name: "long", state: "finished", history });
  }

  /** Rejects the key after so many more answers to an operation. */
  function endAfter(count: number, wanted: string): void {
    let left = count;
    copy.faults.onAnswer = ({ operation }) => {
      if (operation === wanted && --left === 0)
        copy.faults.nextResponses = Array<ReturnType<typeof graphqlErrors>>(20).fill(
          graphqlErrors(401, "the key was revoked"),
        );
    };
  }

  function goOn(): void {
    copy.faults.nextResponses = [];
    delete copy.faults.onAnswer;
  }

  test("the state of 700 runs is 3 blocks per stream, of which an edit changes one", async () => {
    for (let index = 0; index < 700; index += 1)
      copy.project.addRun({ name: `run${index}`, state: "finished" });
    expect((await copy.sync()).exit).toBe(0);
    const blocks = Array.from({ length: 3 }, (_, index) => `#${index}`);
    expect(await copy.partitions("runs")).toEqual(["", ...blocks]);
    expect(await copy.partitions("metrics")).toEqual(["", ...blocks]);
    const before = await stateRows();
    copy.project.run("run300")?.tag("t");
    const { operations } = await copy.sync();
    expect(operations).toEqual(["Runs", "Runs"]);
    const after = await stateRows();
    const changed = [...after].filter(([partition, text]) => before.get(partition) !== text);
    expect(changed.map(([partition]) => partition)).toEqual(["runs ", "runs #1"]);
  });

  async function stateRows(): Promise<ReadonlyMap<string, unknown>> {
    const rows = await copy.database.query(
      `SELECT stream, partition, checkpoint FROM _rivulet_state WHERE stream <> '' ORDER BY 1, 2`,
    );
    return new Map(
      rows.map(({ stream, partition, checkpoint }) => [
        `${String(stream)} ${String(partition)}`,
        checkpoint,
      ]),
    );
  }

  test("a history that was interrupted under other metric patterns starts over", async () => {
    addLongRun();
    endAfter(3, "History");
    expect((await copy.sync({ metrics: "nothing*" })).exit).toBe(2);
    goOn();
    expect((await copy.sync({ metrics: "*" })).exit).toBe(0);
    await copy.expectEqual();
  });

  test("a sync that ends in the middle of a history goes on from its own checkpoint", async () => {
    addLongRun();
    endAfter(3, "History");
    expect((await copy.sync()).exit).toBe(2);
    expect(await copy.partitions("metrics")).toContain("long");
    goOn();
    const { exit, requests } = await copy.sync();
    const first = requests.find(({ operation }) => operation === "History");
    expect([exit, Number(first?.variables?.["f0"]) > 1000]).toEqual([0, true]);
    expect(await copy.partitions("metrics")).toEqual(["", "#0"]);
    await copy.expectEqual();
  });

  test("a run that changed after a sync ended in the middle of its history is read as a whole", async () => {
    const long = addLongRun();
    endAfter(3, "History");
    await copy.sync();
    goOn();
    long.rewrite(0, { text: "y" });
    expect((await copy.sync()).exit).toBe(0);
    await copy.expectEqual();
  });

  test.each(["Runs", "History"])(
    "runs that came with a sync that ended in its %s, and were deleted before the next one, are marked",
    async (operation) => {
      const names = copy.addRuns(12).map(({ name }) => name);
      endAfter(3, operation);
      expect((await copy.sync({ page_size: 2, concurrency: 1 })).exit).toBe(2);
      goOn();
      const table = operation === "Runs" ? "runs" : "metrics";
      const came = await copy.database.query(`SELECT DISTINCT run_id FROM ${table}`);
      expect(came.length).toBeGreaterThan(1);
      for (const name of names.slice(0, 4)) copy.project.deleteRun(name);
      expect((await copy.sync()).exit).toBe(0);
      await copy.expectEqual();
    },
  );

  test("the latest change is in the state, for information", async () => {
    copy.addRuns(2);
    const last = copy.project.run("r1")?.fields.updatedAt.replace("Z", ".000000Z");
    await copy.sync();
    const text = (await stateRows()).get("runs ");
    expect(JSON.parse(String(text))).toMatchObject({ runs_hwm_utc: last });
  });

  describe("after an upgrade", () => {
    /** Replaces the state by that of a version that kept no ledger. */
    async function downgrade(projects: readonly string[]): Promise<void> {
      const scope = "heartbeatAt {}";
      const baseline = { createdBefore: "2026-01-01T00:00:00Z", count: 3 };
      const state = JSON.stringify({
        since: "2026-01-01T04:00:00Z",
        whole: false,
        scope,
        baseline,
      });
      const row =
        '{"last":0,"rows":1,"tail":"abc","done":{"seen":"2026-01-01T01:00:02Z","lines":1}}';
      const isLedger = `stream <> '' AND partition LIKE '%#%'`;
      await copy.database.query(`DELETE FROM _rivulet_state WHERE ${isLedger}`);
      for (const project of projects) {
        const own = project === "" ? "" : `${project}/`;
        await put("runs", own, state);
        await put("metrics", own, state);
        for (const run of ["r1", "r2", "r3"]) await put("metrics", own + run, row);
      }
    }

    async function put(stream: string, partition: string, checkpoint: string): Promise<void> {
      const [epoch] = await copy.database.query(`SELECT epoch FROM _rivulet_state`);
      await copy.database.query(
        `INSERT INTO _rivulet_state (pipeline, stream, partition, checkpoint, epoch)
         VALUES ('wandb', '${stream}', '${partition}', '${checkpoint}', ${String(epoch?.["epoch"])})
         ON CONFLICT (pipeline, stream, partition) DO UPDATE SET checkpoint = excluded.checkpoint`,
      );
    }

    test.each([
      ["one project", {}, [""]],
      ["all projects", { projects: "*" }, ["vision"]],
    ])(
      "everything is read once, and what was deleted is marked: %s",
      async (_what, settings, own) => {
        copy.addRuns(6, 2);
        await copy.sync(settings);
        await downgrade(own);
        copy.project.deleteRun("r0");
        copy.project.deleteRun("r2");
        copy.project.run("r1")?.edit({ notes: "edited" });
        const { exit, histories, runs, metrics } = await copy.sync(settings);
        expect([exit, histories]).toEqual([0, ["r1", "r3", "r4", "r5"]]);
        expect(runs).toMatchObject({ inserted: 0, updated: 1, unchanged: 3, deleted: 2 });
        expect(metrics).toMatchObject({ inserted: 0, updated: 0, unchanged: 16, deleted: 8 });
        expect([await copy.deleted("runs"), await copy.deleted("metrics")]).toEqual([
          ["r0", "r2"],
          ["r0", "r2"],
        ]);
        const prefix = own[0] === "" ? "" : `${own.join("")}/`;
        const partitions = [...new Set(["", prefix, `${prefix}#0`])];
        expect(await copy.partitions("metrics")).toEqual(partitions);
        expect((await copy.sync(settings)).histories).toEqual([]);
      },
    );

    test("what was deleted is marked as soon as a listing is believed", async () => {
      copy.addRuns(6);
      await copy.sync();
      await downgrade([""]);
      copy.project.deleteRun("r0");
      copy.faults.filtersIgnored = { runs: true };
      expect((await copy.sync({ listing_page_size: 2 })).exit).toBe(3);
      expect(await copy.deleted()).toEqual([]);
      delete copy.faults.filtersIgnored;
      expect((await copy.sync({ listing_page_size: 2 })).exit).toBe(0);
      expect([await copy.deleted("runs"), await copy.deleted("metrics")]).toEqual([["r0"], ["r0"]]);
    });

    test("a sync that is interrupted goes on, and does not begin anew", async () => {
      copy.addRuns(12, 2);
      await copy.sync();
      await downgrade([""]);
      copy.project.deleteRun("r0");
      endAfter(2, "History");
      const options = { concurrency: 1 };
      expect((await copy.sync(options)).exit).toBe(2);
      goOn();
      const { exit, histories } = await copy.sync(options);
      expect([exit, histories.length < 11]).toEqual([0, true]);
      expect(await copy.deleted("metrics")).toEqual(["r0"]);
      expect(await copy.partitions("metrics")).toEqual(["", "#0"]);
    });
  });
});
