import { describe, expect, test } from "vitest";
import { databases } from "../../support/databases.ts";
import { type Copy, logSteps, useCopy } from "./copy.ts";

/** Several projects of one entity. */
describe.each(databases)("on %s", (_name, newDatabase) => {
  let copy: Copy;
  useCopy(newDatabase, (started) => {
    copy = started;
  });

  /** Adds projects, each with the runs `NAME0`, `NAME1` and so on. */
  function addProjects(names: readonly string[], runs = 1): void {
    for (const name of names) {
      const project = copy.wandb.workspace.addProject({ name });
      for (let index = 0; index < runs; index += 1) {
        const run = project.addRun({ name: `${name}${index}` });
        logSteps(run, 2);
        run.finish();
      }
    }
  }

  async function projectsIn(table: "runs" | "metrics"): Promise<unknown[]> {
    const rows = await copy.database.query(
      `SELECT DISTINCT project FROM ${table} WHERE NOT _deleted ORDER BY project`,
    );
    return rows.map(({ project }) => project);
  }

  test("are read at the same time, and unchanged ones cost one request each", async () => {
    addProjects(["a", "b", "c", "d"]);
    await copy.sync({ projects: ["a", "b", "c", "d"], concurrency: 1 });
    const { counters } = copy.wandb;
    expect(counters.maxInFlight).toBe(1);
    copy.faults.latencyMs = 100;
    const { exit, operations } = await copy.sync({ projects: ["a", "b", "c", "d"] });
    expect([exit, operations]).toEqual([0, Array(4).fill("Runs")]);
    expect(counters.maxInFlight).toBeGreaterThan(1);
  });

  test("one that is mistyped is named, and ends with 2 after both tables of the others were read", async () => {
    addProjects(["a", "b"], 2);
    const projects = ["a", "nope", "b"];
    const { exit, error, warnings, runs, metrics } = await copy.sync({ projects });
    expect([exit, runs.inserted, metrics.inserted]).toEqual([2, 4, 16]);
    expect(error).toMatch(/^runs: no project "nope" in "acme".*\nmetrics: no project "nope"/);
    expect(warnings).toContainEqual(expect.stringMatching(/"nope".*continuing with the others/));
    expect([await projectsIn("runs"), await projectsIn("metrics")]).toEqual([
      ["a", "b"],
      ["a", "b"],
    ]);
    // The others are not read again.
    const second = await copy.sync({ projects });
    expect([second.exit, second.histories]).toEqual([2, []]);
  });

  test("one that is renamed at the service is marked under its old name only if all are listed", async () => {
    addProjects(["a", "b"]);
    await copy.sync({ projects: ["a", "b"] });
    const project = copy.wandb.workspace.project("b");
    if (project) copy.wandb.workspace.renameProject(project, "c");
    expect((await copy.sync({ projects: ["a", "b"] })).exit).toBe(2);
    expect(await projectsIn("runs")).toEqual(["a", "b"]);
    expect((await copy.sync({ projects: "*" })).exit).toBe(0);
    expect([await projectsIn("runs"), await projectsIn("metrics")]).toEqual([
      ["a", "c"],
      ["a", "c"],
    ]);
  });

  test("a project that comes later is read, and one that is deleted is marked with its metrics", async () => {
    addProjects(["a", "b"]);
    await copy.sync({ projects: "*" });
    addProjects(["c"]);
    const gone = copy.wandb.workspace.project("a");
    if (gone) copy.wandb.workspace.deleteProject(gone);
    const { exit, histories } = await copy.sync({ projects: "*" });
    expect([exit, histories]).toEqual([0, ["c0"]]);
    expect([await projectsIn("runs"), await projectsIn("metrics")]).toEqual([
      ["b", "c"],
      ["b", "c"],
    ]);
    const partitions = [...(await copy.partitions("runs")), ...(await copy.partitions("metrics"))];
    expect(partitions.filter((partition) => partition.startsWith("a/"))).toEqual([]);
    expect((await copy.sync({ projects: "*" })).exit).toBe(0);
  });

  test("progress never shows more runs done than there are to read", async () => {
    addProjects(["a", "b", "c"], 15);
    const { progress } = await copy.sync({ projects: "*" });
    expect(progress.filter((count) => count && count.done > (count.of ?? 0))).toEqual([]);
    expect(progress.at(-1)).toEqual({ done: 45, of: 45 });
  });
});
