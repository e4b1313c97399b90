import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { OpikDataset } from "../../../src/emulators/opik/dataset.ts";
import { databases, newSqlite } from "../../support/databases.ts";
import { newItems, OpikCopy } from "../../support/opik-copy.ts";

/** Items that stand in two datasets under the same id, as in a subset made by copying them. */

const both = { dataset_item_key: "dataset_and_item" } as const;

async function startCopy(newDatabase: Parameters<typeof OpikCopy.start>[0]) {
  const copy = await OpikCopy.start(newDatabase);
  const dataset = copy.addDataset("whole", 0);
  const ids = dataset.addItems(newItems(6));
  const subset = copy.addDataset("subset", 0);
  dataset.copyItemsTo(subset, ids.slice(0, 4));
  copy.addDataset("another", 2);
  copy.settle();
  return { copy, dataset, subset, ids };
}

describe.each(databases)("on %s", (_name, newDatabase) => {
  let copy: OpikCopy;
  let dataset: OpikDataset;
  let subset: OpikDataset;
  let ids: readonly string[];
  beforeEach(async () => {
    ({ copy, dataset, subset, ids } = await startCopy(newDatabase));
  });
  afterEach(() => copy[Symbol.asyncDispose]());

  /** How many rows that are not marked as deleted each dataset has. */
  async function rowsOf(): Promise<Record<string, number>> {
    const rows = await copy.database.query(
      `SELECT dataset_id, count(*) AS n FROM opik_dataset_item WHERE NOT _deleted GROUP BY dataset_id`,
    );
    const counts = rows.map((row) => [String(row["dataset_id"]), Number(row["n"])] as const);
    const names = copy.opik.workspace.datasets.map(
      ({ id, entity }) => [id, entity.name as string] as const,
    );
    return Object.fromEntries(
      names.map(([id, name]) => [name, counts.find(([known]) => known === id)?.[1] ?? 0]),
    );
  }

  test("with the key of the seed, the dataset that lost items is named, and the sync ends with 3", async () => {
    const first = await copy.sync();
    expect(first).toMatchObject({ exit: 3, quarantined: 1 });
    const counts = await rowsOf();
    expect(counts["another"]).toBe(2);
    const loser = counts["whole"] === 2 ? "whole" : "subset";
    const lost = loser === "whole" ? "4 of its 6" : "4 of its 4";
    const reasons = [
      `dataset "${loser}": ${lost} items are also in other datasets, and the table holds each once; set opik.dataset_item_key to "dataset_and_item"`,
    ];
    expect(await copy.reasons()).toEqual(reasons);
    // It stays so as long as nothing is written.
    copy.takeRequests();
    expect(await copy.sync()).toMatchObject({ exit: 3, quarantined: 1 });
    expect(copy.takeRequests().filter((path) => path.endsWith("/items"))).toEqual([]);
    expect(await copy.reasons()).toEqual(reasons);
    expect(await rowsOf()).toEqual(counts);
  });

  test("an edit that moves rows to the other dataset names that one", async () => {
    await copy.sync();
    for (const edited of [subset, dataset, subset]) {
      edited.updateItem(ids[0] ?? "", { data: { input: "new" } });
      copy.settle();
      expect(await copy.sync()).toMatchObject({ exit: 3 });
      const counts = await rowsOf();
      const [whole, part] = [counts["whole"] ?? 0, counts["subset"] ?? 0];
      expect(whole + part).toBe(6);
      const named = (await copy.reasons()).join();
      expect(named.includes('dataset "whole"')).toBe(whole < 6);
      expect(named.includes('dataset "subset"')).toBe(part < 4);
    }
  });

  test("with the key of both, each dataset has its items, and the sync ends with 0", async () => {
    expect(await copy.sync(both)).toMatchObject({ exit: 0, quarantined: 0 });
    expect(await rowsOf()).toEqual({ whole: 6, subset: 4, another: 2 });
    subset.updateItem(ids[0] ?? "", { data: { input: "new" } });
    subset.deleteItems(ids.slice(1, 2));
    copy.settle();
    const { exit, counts } = await copy.sync(both);
    expect(exit).toBe(0);
    expect(counts.get("opik_dataset_item")).toMatchObject({ inserted: 0, updated: 1, deleted: 1 });
    expect(await rowsOf()).toEqual({ whole: 6, subset: 3, another: 2 });
    copy.opik.workspace.deleteDataset(subset.id);
    expect(await copy.sync(both)).toMatchObject({ exit: 0 });
    expect(await rowsOf()).toEqual({ whole: 6, another: 2 });
    expect(await copy.sync(both, { fullRefresh: true })).toMatchObject({ exit: 0 });
    expect(await rowsOf()).toEqual({ whole: 6, another: 2 });
  });

  test("once the subset is gone, its rows are back in the other dataset, and nothing is named", async () => {
    expect(await copy.sync()).toMatchObject({ exit: 3 });
    subset.updateItem(ids[0] ?? "", { data: { input: "new" } });
    copy.settle();
    expect(await copy.sync()).toMatchObject({ exit: 3 });
    expect(await rowsOf()).toEqual({ whole: 2, subset: 4, another: 2 });
    copy.opik.workspace.deleteDataset(subset.id);
    expect(await copy.sync()).toMatchObject({ exit: 0, quarantined: 0 });
    expect(await rowsOf()).toEqual({ whole: 6, another: 2 });
    copy.takeRequests();
    expect(await copy.sync()).toMatchObject({ exit: 0, quarantined: 0 });
    expect(copy.takeRequests().filter((path) => path.endsWith("/items"))).toEqual([]);
  });

  test.each([5, 6, 7, 8, 9, 10, 11, 12])(
    "a sync that is killed after %i commits, while it marks the subset, leaves the rows to the next one",
    async (commits) => {
      expect(await copy.sync()).toMatchObject({ exit: 3 });
      subset.updateItem(ids[0] ?? "", { data: { input: "new" } });
      copy.settle();
      expect(await copy.sync()).toMatchObject({ exit: 3 });
      copy.opik.workspace.deleteDataset(subset.id);
      expect(await copy.killedSync(commits)).toBe("killed");
      expect(await copy.sync()).toMatchObject({ exit: 0, quarantined: 0 });
      expect(await rowsOf()).toEqual({ whole: 6, another: 2 });
    },
  );

  test("a dataset that drops an item which it holds for another names that one", async () => {
    await copy.sync();
    subset.updateItem(ids[0] ?? "", { data: { input: "new" } });
    copy.settle();
    expect(await copy.sync()).toMatchObject({ exit: 3 });
    subset.deleteItems(ids.slice(0, 4));
    copy.settle();
    expect(await copy.sync()).toMatchObject({ exit: 3, quarantined: 1 });
    expect(await rowsOf()).toEqual({ whole: 2, subset: 0, another: 2 });
    expect((await copy.reasons()).join()).toContain('dataset "whole": 4 of its 6 items');
  });

  test("a copy with the key of the seed gets the other one once its table is renamed", async () => {
    expect(await copy.sync()).toMatchObject({ exit: 3 });
    const refused = await copy.sync(both);
    expect(refused.exit).toBe(2);
    expect(refused.error).toMatch(
      /expected the primary key \(dataset_id, item_id\), found \(item_id\); change it, rename the table, or/,
    );
    await copy.database.query("ALTER TABLE opik_dataset_item RENAME TO seed_item");
    expect(await copy.sync(both)).toMatchObject({ exit: 0, quarantined: 0 });
    expect(await rowsOf()).toEqual({ whole: 6, subset: 4, another: 2 });
  });

  test("datasets without shared items are not named", async () => {
    copy.opik.workspace.deleteDataset(subset.id);
    expect(await copy.sync()).toMatchObject({ exit: 0, quarantined: 0 });
    dataset.addItems(newItems(3));
    copy.settle();
    expect(await copy.sync()).toMatchObject({ exit: 0, quarantined: 0 });
  });
});

describe("without a database", () => {
  const cannotBeFound =
    "opik_dataset_item: only a sync into a database can find items that several datasets share";

  test("the tap says that it cannot find them", async () => {
    const { copy } = await startCopy(newSqlite);
    await using started = copy;
    const tap = await started.run("tap");
    expect(tap.status).toBe(0);
    expect(tap.stderr).toContain(cannotBeFound);
    const states = tap.stdout.split("\n").filter((line) => line.includes('"type":"STATE"'));
    expect(states.length).toBeGreaterThan(0);
  });
});
