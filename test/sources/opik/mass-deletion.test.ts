import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { databases } from "../../support/databases.ts";
import { OpikCopy } from "../../support/opik-copy.ts";

/** Lists that suddenly show far less than the last time. */

const remedy =
  "nothing was marked as deleted; if the others are gone for good, sync once with --allow-mass-deletion";
const lacks = (noun: string, shown: number, before: number) =>
  `workspace "default": lists ${shown} ${noun}, ${before} the last time; ${remedy}`;

/** The numbers of rows of a workspace, or of a copy. */
interface Sizes {
  readonly projects: number;
  readonly datasets: number;
  readonly items: number;
}

describe.each(databases)("on %s", (_name, newDatabase) => {
  let copy: OpikCopy;
  beforeEach(async () => {
    copy = await OpikCopy.start(newDatabase, { config: { page_size: 50 } });
  });
  afterEach(() => copy[Symbol.asyncDispose]());

  function fill(projects: number, datasets: number): void {
    for (let p = 0; p < projects; p += 1) copy.opik.workspace.addProject({ name: `project ${p}` });
    for (let d = 0; d < datasets; d += 1) copy.addDataset(`set ${d}`, 2);
    copy.settle();
  }

  /** Deletes the newest. */
  function deleteDatasets(count: number): void {
    for (const { id } of copy.opik.workspace.datasets.slice(0, count))
      copy.opik.workspace.deleteDataset(id);
  }

  function deleteProjects(count: number): void {
    for (const { id } of copy.opik.workspace.projects.slice(0, count))
      copy.opik.workspace.deleteProject(id);
  }

  const live = async (): Promise<Sizes> => ({
    projects: (await copy.live("project_id", "opik_project")).length,
    datasets: (await copy.live("dataset_id", "opik_dataset")).length,
    items: (await copy.live()).length,
  });

  test("far fewer datasets mark nothing in any table, again and again, until it is allowed once", async () => {
    fill(4, 40);
    expect((await copy.sync()).exit).toBe(0);
    deleteDatasets(35);
    deleteProjects(1);
    const [kept] = copy.opik.workspace.datasets;
    const all = { projects: 4, datasets: 40, items: 80 };
    for (const fullRefresh of [false, false, true, false]) {
      const refused = await copy.sync({}, { fullRefresh });
      expect(refused.exit).toBe(1);
      expect(refused.error).toContain(lacks("datasets", 5, 40));
      expect(await live()).toEqual(all);
    }
    const program = await copy.run("sync", "--full-refresh");
    expect(program.status).toBe(1);
    expect(program.stderr).toContain(remedy);
    expect(await live()).toEqual(all);
    // What is new arrives meanwhile.
    kept?.addItems([{ data: { input: "new" } }]);
    copy.settle();
    expect((await copy.sync()).exit).toBe(1);
    expect(await live()).toEqual({ ...all, items: 81 });
    expect((await copy.run("sync", "--allow-mass-deletion")).status).toBe(0);
    expect(await live()).toEqual({ projects: 3, datasets: 5, items: 11 });
    expect((await copy.sync()).exit).toBe(0);
    expect(await live()).toEqual({ projects: 3, datasets: 5, items: 11 });
  });

  test("items that a dataset lost are not marked either, and once it is allowed they are", async () => {
    fill(0, 40);
    expect((await copy.sync()).exit).toBe(0);
    deleteDatasets(35);
    const [kept] = copy.opik.workspace.datasets;
    kept?.deleteItems([kept.itemsAt(1)[0]?.item.id ?? ""]);
    copy.settle();
    expect((await copy.sync()).exit).toBe(1);
    expect(await live()).toEqual({ projects: 0, datasets: 40, items: 80 });
    expect((await copy.sync({}, { allowMassDeletion: true })).exit).toBe(0);
    expect(await live()).toEqual({ projects: 0, datasets: 5, items: 9 });
  });

  test("far fewer projects mark no dataset and no item", async () => {
    fill(40, 6);
    expect((await copy.sync()).exit).toBe(0);
    deleteProjects(30);
    deleteDatasets(1);
    for (const fullRefresh of [false, true]) {
      const refused = await copy.sync({}, { fullRefresh });
      expect(refused.exit).toBe(1);
      expect(refused.error).toContain(lacks("projects", 10, 40));
      expect(await live()).toEqual({ projects: 40, datasets: 6, items: 12 });
    }
    expect((await copy.sync({}, { allowMassDeletion: true })).exit).toBe(0);
    expect(await live()).toEqual({ projects: 10, datasets: 5, items: 10 });
    expect((await copy.sync()).exit).toBe(0);
  });

  test.each([5, 4])("none of %i datasets", async (count) => {
    fill(1, count);
    expect((await copy.sync()).exit).toBe(0);
    deleteDatasets(count);
    const isRefused = count === 5;
    const ended = await copy.sync();
    expect(ended.exit).toBe(isRefused ? 1 : 0);
    expect(ended.error.includes(lacks("datasets", 0, 5))).toBe(isRefused);
    expect(await live()).toMatchObject(
      isRefused ? { datasets: 5, items: 10 } : { datasets: 0, items: 0 },
    );
  });

  test.each([
    [40, 20, 0],
    [40, 21, 1],
    [30, 20, 1],
    [30, 19, 0],
    [100, 50, 0],
    [100, 51, 1],
  ])("of %i projects, %i that are gone end the sync with %i", async (before, gone, exit) => {
    fill(before, 0);
    expect((await copy.sync()).exit).toBe(0);
    deleteProjects(gone);
    expect((await copy.sync()).exit).toBe(exit);
    expect((await live()).projects).toBe(exit === 0 ? before - gone : before);
  });

  test("a workspace that is back ends it", async () => {
    fill(0, 30);
    expect((await copy.sync()).exit).toBe(0);
    const gone = copy.opik.workspace.datasets.slice(0, 25);
    deleteDatasets(25);
    expect((await copy.sync()).exit).toBe(1);
    for (const { entity } of gone) copy.opik.workspace.addDataset(entity).addItems([{ data: 1 }]);
    expect(copy.opik.workspace.datasets).toHaveLength(30);
    copy.settle();
    expect((await copy.sync()).exit).toBe(0);
    expect((await live()).datasets).toBe(30);
  });

  test("many small steps pass, each being less than half", async () => {
    fill(0, 60);
    expect((await copy.sync()).exit).toBe(0);
    for (const count of [20, 15, 12, 6]) {
      deleteDatasets(count);
      expect((await copy.sync()).exit).toBe(0);
    }
    expect((await live()).datasets).toBe(7);
  });

  test("another key for items does not let it pass", async () => {
    fill(0, 40);
    expect((await copy.sync()).exit).toBe(0);
    deleteDatasets(35);
    // Everything is read again, for other columns.
    for (const inputs_keys of [["question"], ["question"], ["input"]]) {
      expect((await copy.sync({ inputs_keys })).exit).toBe(1);
      expect(await live()).toEqual({ projects: 0, datasets: 40, items: 80 });
    }
  });
});
