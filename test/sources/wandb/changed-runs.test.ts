import { describe, expect, test } from "vitest";
import { databases } from "../../support/databases.ts";
import type { WandbRun } from "../../../src/emulators/wandb/run.ts";
import { type Copy, logSteps, useCopy } from "./copy.ts";

const unchanged = { inserted: 0, updated: 0, deleted: 0, rejected: 0 };

/** Each change arrives with the next sync, and only what changed is requested. */
describe.each(databases)("on %s", (_name, newDatabase) => {
  let copy: Copy;
  useCopy(newDatabase, (started) => {
    copy = started;
  });

  test("an unchanged project costs one request, and writes nothing", async () => {
    copy.addRuns(5);
    await copy.sync();
    const { exit, operations, runs, metrics } = await copy.sync();
    expect([exit, operations]).toEqual([0, ["Runs"]]);
    expect([runs, metrics]).toMatchObject([unchanged, unchanged]);
  });

  /** Edits a finished run, and expects the next sync to request and to write just its row. */
  async function expectEdited(change: Parameters<WandbRun["edit"]>[0]): Promise<void> {
    copy.project.run("r1")?.edit(change);
    const { exit, requests, runs, metrics } = await copy.sync();
    const asked = requests.map(({ variables }) => variables?.["filters"]).slice(-2);
    expect([exit, asked], JSON.stringify(change)).toEqual([0, ["{}", '{"name":{"$in":["r1"]}}']]);
    expect(runs).toMatchObject({ ...unchanged, updated: 1, unchanged: 0 });
    expect(metrics).toMatchObject({ ...unchanged, unchanged: 0 });
  }

  test("an edit of a finished run costs one request and writes one row", async () => {
    copy.addRuns(4);
    await copy.sync();
    await expectEdited({ displayName: "better" });
    await expectEdited({ config: { lr: 1 } });
    await expectEdited({ summary: { loss: 7 } });
    await copy.expectEqual();
    copy.project.run("r1")?.tag("last");
    expect((await copy.sync()).operations).toEqual(["Runs", "Runs"]);
  });

  test("an edit is found by the field itself if the server has no updatedAt", async () => {
    copy.faults.missingFields = ["Run.updatedAt"];
    copy.addRuns(4);
    await copy.sync();
    await expectEdited({ displayName: "better" });
    await expectEdited({ tags: ["best"] });
    await expectEdited({ notes: "read me" });
    await expectEdited({ group: "g2" });
    await expectEdited({ jobType: "eval" });
    await expectEdited({ description: "d" });
  });

  test("a change just before the answer is read once more, as another may have the same time", async () => {
    const [run] = copy.addRuns(4);
    await copy.sync();
    run?.edit({ notes: "first" });
    await copy.syncNow();
    run?.edit({ notes: "second" });
    await copy.sync();
    await copy.expectEqual();
    expect((await copy.sync()).operations).toEqual(["Runs"]);
  });

  test("a run that was moved into the project, however old", async () => {
    copy.addRuns(3);
    const other = copy.wandb.workspace.addProject({ name: "audio" });
    const moved = other.addRun({ name: "moved", createdAt: "2025-01-01T00:00:00Z" });
    logSteps(moved, 3);
    moved.finish();
    await copy.sync();
    other.moveRun("moved", copy.project);
    const { exit, operations, histories } = await copy.sync();
    expect([exit, operations, histories]).toEqual([0, ["Runs", "Runs", "History"], ["moved"]]);
    await copy.expectEqual();
  });

  test("a run that was moved out of the project", async () => {
    copy.addRuns(3);
    const other = copy.wandb.workspace.addProject({ name: "audio" });
    await copy.sync();
    copy.project.moveRun("r1", other);
    const { exit, runs, metrics } = await copy.sync();
    expect([exit, runs.deleted, metrics.deleted]).toEqual([0, 1, 2]);
    await copy.expectEqual();
  });

  test("a deleted run, with its metrics, at the cost of one request", async () => {
    copy.addRuns(4);
    await copy.sync();
    copy.project.deleteRun("r0");
    const { exit, operations, runs, metrics } = await copy.sync();
    expect([exit, operations]).toEqual([0, ["Runs", "Runs"]]);
    expect([runs.deleted, metrics.deleted]).toEqual([1, 2]);
    await copy.expectEqual();
    expect((await copy.sync()).operations).toEqual(["Runs"]);
  });

  test("an undeleted run, with its metrics", async () => {
    copy.addRuns(4, 2);
    await copy.sync();
    copy.project.deleteRun("r1");
    await copy.sync();
    copy.project.undeleteRun("r1");
    const { exit, operations, histories } = await copy.sync();
    expect([exit, operations, histories]).toEqual([0, ["Runs", "Runs", "History"], ["r1"]]);
    await copy.expectEqual();
  });

  test("a run that was tagged so that the filters match, and one that no longer is", async () => {
    const filters = { tags: "keep" };
    const [first, , third] = copy.addRuns(3, 2);
    first?.tag("keep");
    await copy.sync({ filters });
    first?.untag("keep");
    third?.tag("keep");
    const { exit, histories } = await copy.sync({ filters });
    expect([exit, histories]).toEqual([0, ["r2"]]);
    expect(await copy.deleted()).toEqual(["r0"]);
    expect(await copy.deleted("metrics")).toEqual(["r0"]);
    first?.tag("keep");
    expect((await copy.sync({ filters })).histories).toEqual(["r0"]);
    expect(await copy.deleted("metrics")).toEqual([]);
  });

  test("an offline run that is uploaded late: only its lines are requested", async () => {
    copy.addRuns(5, 2);
    await copy.sync();
    const rows = [{ loss: 2 }, { loss: 1 }];
    copy.project.uploadRun({ name: "late", createdAt: "2024-05-01T00:00:00Z", rows });
    const { historyRows } = copy.wandb.counters;
    const { exit, operations, histories } = await copy.sync();
    expect([exit, operations, histories]).toEqual([0, ["Runs", "Runs", "History"], ["late"]]);
    expect(copy.wandb.counters.historyRows - historyRows).toBe(2);
    await copy.expectEqual();
  });

  test("a configuration whose edit moves no field is found by the rescan", async () => {
    const [run] = copy.addRuns(3);
    await copy.sync();
    const { updatedAt } = run?.fields ?? {};
    run?.edit({ config: { lr: 9 }, ...(updatedAt === undefined ? {} : { updatedAt }) });
    expect((await copy.sync()).runs).toMatchObject(unchanged);
    const startedAt = new Date(Date.now() + 8 * 86_400_000);
    expect((await copy.sync({}, { startedAt })).runs).toMatchObject({ updated: 1, unchanged: 2 });
    await copy.expectEqual();
    expect((await copy.sync({}, { startedAt })).operations).toEqual(["Runs"]);
  });
});
