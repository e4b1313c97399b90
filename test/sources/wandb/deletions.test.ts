import { beforeEach, describe, expect, test } from "vitest";
import { databases } from "../../support/databases.ts";
import { type Copy, useCopy } from "./copy.ts";

const massDeletion = /nothing was marked as deleted.*--allow-mass-deletion/;

/** What looks like deletions, and is none, marks nothing. */
describe.each(databases)("on %s", (_name, newDatabase) => {
  let copy: Copy;
  useCopy(newDatabase, (started) => {
    copy = started;
  });

  async function expectNothingMarked(): Promise<void> {
    expect([await copy.deleted("runs"), await copy.deleted("metrics")]).toEqual([[], []]);
  }

  function deleteRuns(count: number): void {
    for (const { name } of copy.project.runs.slice(0, count)) copy.project.deleteRun(name);
  }

  describe("an expired key", () => {
    beforeEach(() => {
      const { workspace } = copy.wandb;
      for (const name of ["public", "open"])
        workspace.addProject({ name, access: "USER_READ" }).addRun({ name }).log({ loss: 1 });
      copy.addRuns(3);
    });

    test.each([
      ["all projects", { projects: "*" }],
      ["one public project", { project: "public" }],
      ["public projects", { projects: ["public", "open"] }],
      ["a private project", {}],
    ])("marks nothing and ends with 2: %s", async (_what, settings) => {
      await copy.sync(settings);
      copy.faults.keyRevoked = true;
      // A run is missing, too, which would be asked for by name.
      copy.wandb.workspace.project("public")?.deleteRun("public");
      for (const streams of [["runs", "metrics"], ["runs"], ["metrics"]]) {
        const { exit, error } = await copy.sync(settings, { streams });
        expect([exit, error]).toEqual([2, expect.stringMatching(/check wandb\.api_key/)]);
        await expectNothingMarked();
      }
      copy.faults.keyRevoked = false;
      expect((await copy.sync(settings)).exit).toBe(0);
    });

    test("that expires between the listing and the question for a missing run marks nothing", async () => {
      await copy.sync();
      copy.project.deleteRun("r0");
      copy.faults.onAnswer = () => (copy.faults.keyRevoked = true);
      expect((await copy.sync()).exit).toBe(2);
      await expectNothingMarked();
    });
  });

  describe("a listing that lacks almost everything", () => {
    test("marks nothing and ends with 1 again and again, until it is allowed", async () => {
      copy.addRuns(30, 1);
      await copy.sync();
      deleteRuns(25);
      copy.addRuns(1);
      for (let syncs = 0; syncs < 2; syncs += 1) {
        const { exit, error } = await copy.sync();
        expect([exit, error.split("\n")]).toEqual([
          1,
          [expect.stringMatching(massDeletion), expect.stringMatching(massDeletion)],
        ]);
        await expectNothingMarked();
      }
      // What is there is read all the same.
      const added = await copy.database.query(`SELECT run_id FROM runs WHERE run_id = 'r30'`);
      expect(added).toHaveLength(1);
      const { exit, runs, metrics } = await copy.sync({}, { allowMassDeletion: true });
      expect([exit, runs.deleted, metrics.deleted]).toEqual([0, 25, 50]);
      await copy.expectEqual();
      expect((await copy.sync()).exit).toBe(0);
    });

    test("is believed if the configuration allows it", async () => {
      copy.addRuns(30, 1);
      await copy.sync();
      deleteRuns(25);
      const { exit, runs, metrics } = await copy.sync({ allow_mass_deletion: true });
      expect([exit, runs.deleted, metrics.deleted]).toEqual([0, 25, 50]);
      await copy.expectEqual();
    });

    test("marks nothing if it is empty and 5 runs were there", async () => {
      copy.addRuns(5);
      await copy.sync();
      deleteRuns(5);
      expect((await copy.sync()).exit).toBe(1);
      await expectNothingMarked();
      expect((await copy.sync({}, { fullRefresh: true })).exit).toBe(1);
      await expectNothingMarked();
    });

    test("is believed if the filters changed", async () => {
      const runs = copy.addRuns(30);
      runs[3]?.tag("keep");
      await copy.sync();
      const { exit, runs: counts, warnings } = await copy.sync({ filters: { tags: "keep" } });
      expect([exit, counts.deleted]).toEqual([0, 29]);
      expect(warnings.join("\n")).toMatch(
        /lists 1 runs, 30 before the settings were changed; the others are marked as deleted/,
      );
      const again = await copy.sync({ filters: { tags: "keep" } });
      expect([again.exit, again.warnings]).toEqual([0, []]);
    });

    test("is believed if few runs are missing", async () => {
      copy.addRuns(30);
      await copy.sync();
      deleteRuns(15);
      const { exit, runs } = await copy.sync();
      expect([exit, runs.deleted]).toEqual([0, 15]);
      await copy.expectEqual();
    });

    test("does not keep another project from being read", async () => {
      const other = copy.wandb.workspace.addProject({ name: "audio" });
      other.addRun({ name: "a" }).log({ loss: 1 });
      copy.addRuns(5);
      await copy.sync({ projects: "*" });
      deleteRuns(5);
      other.addRun({ name: "b" }).log({ loss: 1 });
      const { exit, runs, metrics } = await copy.sync({ projects: "*" });
      expect([exit, runs.inserted, metrics.inserted]).toEqual([1, 1, 1]);
      await expectNothingMarked();
    });

    test("of projects marks nothing, and does not keep the others from being read", async () => {
      const { workspace } = copy.wandb;
      for (let index = 0; index < 25; index += 1)
        workspace
          .addProject({ name: `p${index}` })
          .addRun({ name: `run${index}` })
          .log({ a: 1 });
      await copy.sync({ projects: "*" });
      for (const project of workspace.projects.slice(1, 22)) workspace.deleteProject(project);
      workspace.project("p24")?.addRun({ name: "new" }).log({ a: 1 });
      const { exit, error, runs, metrics } = await copy.sync({ projects: "*" });
      expect([exit, error]).toEqual([1, expect.stringMatching(massDeletion)]);
      expect([runs.inserted, metrics.inserted]).toEqual([1, 1]);
      await expectNothingMarked();
    });

    test("marks no rows of projects if the entity lists none of them", async () => {
      const { workspace } = copy.wandb;
      for (let index = 0; index < 6; index += 1)
        workspace
          .addProject({ name: `p${index}` })
          .addRun({ name: `run${index}` })
          .log({ a: 1 });
      await copy.sync({ projects: "*" });
      for (const project of workspace.projects) workspace.deleteProject(project);
      const { exit, error } = await copy.sync({ projects: "*" });
      expect([exit, error]).toEqual([1, expect.stringMatching(massDeletion)]);
      await expectNothingMarked();
      const { exit: allowed } = await copy.sync({ projects: "*" }, { allowMassDeletion: true });
      expect(allowed).toBe(0);
      expect(await copy.deleted()).toHaveLength(6);
    });
  });

  test("a run that a filter by name does not find, though it is there, is not marked", async () => {
    copy.addRuns(8);
    await copy.sync({ listing_page_size: 3 });
    copy.project.deleteRun("r2");
    copy.faults.deadFilters = ["name"];
    await copy.sync({ listing_page_size: 3 });
    await expectNothingMarked();
    copy.faults.deadFilters = [];
    expect((await copy.sync({ listing_page_size: 3 })).runs.deleted).toBe(1);
  });

  test("a run is marked though the run that was to prove it is deleted in the very moment", async () => {
    copy.addRuns(8);
    await copy.sync();
    copy.project.deleteRun("r0");
    copy.faults.onAnswer = () => {
      delete copy.faults.onAnswer;
      copy.project.deleteRun("r7");
    };
    expect((await copy.sync()).exit).toBe(0);
    expect(await copy.deleted()).toEqual(["r0"]);
    await copy.sync();
    expect(await copy.deleted()).toEqual(["r0", "r7"]);
    await copy.expectEqual();
  });

  test("all runs of a small project are marked when they are gone", async () => {
    copy.addRuns(4);
    await copy.sync();
    deleteRuns(4);
    expect((await copy.sync()).exit).toBe(0);
    await copy.expectEqual();
    expect(await copy.deleted()).toHaveLength(4);
  });
});
