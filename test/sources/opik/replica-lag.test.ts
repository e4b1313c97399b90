import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { OpikDataset } from "../../../src/emulators/opik/dataset.ts";
import { databases } from "../../support/databases.ts";
import { newItems, OpikCopy } from "../../support/opik-copy.ts";

/** Versions that were just written, read from a replica that has not received them yet. */

describe.each(databases)("on %s", (_name, newDatabase) => {
  let copy: OpikCopy;
  let dataset: OpikDataset;
  beforeEach(async () => {
    copy = await OpikCopy.start(newDatabase);
    dataset = copy.addDataset("lagging", 12);
    copy.addDataset("another", 3);
    copy.settle();
  });
  afterEach(() => copy[Symbol.asyncDispose]());

  const idsOf = (of: OpikDataset) => of.itemsAt(of.versions.length).map(({ item }) => item.id);

  /** The ids of all items that the service has, sorted. */
  const served = () => copy.opik.workspace.datasets.flatMap(idsOf).sort();

  const short = (shows: number) =>
    `dataset "lagging": the service counts 13 items and shows ${shows}; nothing was marked as deleted, the next sync reads it again`;

  test.each([0, 4, 11])(
    "a version of 13 items that shows %i marks nothing, and the sync ends with 3",
    async (shows) => {
      expect((await copy.sync()).exit).toBe(0);
      dataset.addItems(newItems(1));
      copy.opik.faults.replicaLag = { dataset: dataset.id, shows };
      for (const fullRefresh of [false, false, true]) {
        expect(await copy.sync({}, { fullRefresh })).toMatchObject({ exit: 3, quarantined: 1 });
        expect(await copy.reasons()).toEqual([short(shows)]);
        expect(await copy.deleted()).toBe(0);
      }
      delete copy.opik.faults.replicaLag;
      expect(await copy.sync()).toMatchObject({ exit: 0, quarantined: 0 });
      expect(await copy.live()).toEqual(served());
    },
  );

  test.each([0, 4, 11])(
    "a version that shows %i of its items once is read again in the same sync",
    async (shows) => {
      expect((await copy.sync()).exit).toBe(0);
      dataset.addItems(newItems(1));
      copy.opik.faults.replicaLag = { dataset: dataset.id, shows, answers: 1 };
      const { exit } = await copy.sync();
      expect(await copy.deleted()).toBe(0);
      if (exit !== 0) {
        expect(exit).toBe(3);
        expect((await copy.sync()).exit).toBe(0);
      }
      expect(await copy.live()).toEqual(served());
    },
  );

  test("a new dataset that shows 5 of its items is read until it shows all", async () => {
    await using fresh = await OpikCopy.start(newDatabase);
    const { id } = fresh.addDataset("new", 12);
    fresh.opik.faults.replicaLag = { dataset: id, shows: 5 };
    expect((await fresh.sync()).exit).toBe(3);
    expect(await fresh.live()).toHaveLength(5);
    expect(await fresh.reasons()).toEqual([
      'dataset "new": the service counts 12 items and shows 5; nothing was marked as deleted, the next sync reads it again',
    ]);
    delete fresh.opik.faults.replicaLag;
    expect((await fresh.sync()).exit).toBe(0);
    expect(await fresh.live()).toHaveLength(12);
    expect(await fresh.reasons()).toEqual([]);
  });

  test("a young version with the right count marks deletions at once, and is read once more", async () => {
    expect((await copy.sync()).exit).toBe(0);
    dataset.deleteItems(idsOf(dataset).slice(0, 2));
    copy.takeRequests();
    expect((await copy.sync()).exit).toBe(0);
    expect(await copy.live()).toEqual(served());
    const items = `datasets/${dataset.id}/items`;
    expect(copy.takeRequests().filter((path) => path === items)).toHaveLength(1);
    // It is young still.
    expect((await copy.sync()).exit).toBe(0);
    expect(copy.takeRequests()).not.toContain(items);
    copy.settle();
    expect((await copy.sync()).exit).toBe(0);
    expect(copy.takeRequests().filter((path) => path.endsWith("/items"))).toEqual([items]);
    expect((await copy.sync()).exit).toBe(0);
    expect(copy.takeRequests()).not.toContain(items);
  });

  test("an edit in place that a replica does not show yet arrives when it is settled", async () => {
    expect((await copy.sync()).exit).toBe(0);
    const [id = ""] = idsOf(dataset);
    copy.opik.faults.replicaLag = { dataset: dataset.id, forMs: 10 * 60_000 };
    dataset.updateItem(id, { data: { input: "edited" } }, { inPlace: true });
    expect((await copy.sync()).exit).toBe(0);
    expect((await copy.values("inputs"))[id]).not.toBe("edited");
    copy.settle();
    expect((await copy.sync()).exit).toBe(0);
    expect((await copy.values("inputs"))[id]).toBe("edited");
    copy.takeRequests();
    expect((await copy.sync()).exit).toBe(0);
    expect(copy.takeRequests()).not.toContain(`datasets/${dataset.id}/items`);
  });

  test("one in and one out in place, not shown yet, mark nothing that lives", async () => {
    expect((await copy.sync()).exit).toBe(0);
    const [gone = ""] = idsOf(dataset);
    copy.opik.faults.replicaLag = { dataset: dataset.id, forMs: 60_000 };
    const [added = ""] = dataset.addItems(newItems(1), { inPlace: true });
    dataset.deleteItems([gone], { inPlace: true });
    expect((await copy.sync()).exit).toBe(0);
    copy.opik.workspace.clock.advance(60_000);
    // Now it is shown, and the next replica still lags.
    expect((await copy.sync({}, { fullRefresh: true })).exit).toBe(0);
    expect(await copy.live()).toContain(added);
    copy.opik.faults.replicaLag = { dataset: dataset.id, forMs: 10 * 60_000 };
    expect((await copy.sync({}, { fullRefresh: true })).exit).toBe(0);
    expect(await copy.live()).toContain(added);
    copy.settle();
    expect((await copy.sync()).exit).toBe(0);
    expect(await copy.live()).toEqual(served());
  });

  test("a page that counts all items and lacks one marks nothing", async () => {
    expect((await copy.sync()).exit).toBe(0);
    dataset.addItems(newItems(1));
    // The rows are from a replica that lags, the total is from another.
    copy.opik.faults.replicaLag = { dataset: dataset.id, shows: 12 };
    copy.opik.faults.wrongTotal = { dataset: dataset.id, by: 1 };
    expect((await copy.sync({ page_size: 5 })).exit).toBe(3);
    expect(await copy.deleted()).toBe(0);
    expect(await copy.reasons()).toEqual([short(12)]);
    delete copy.opik.faults.replicaLag;
    delete copy.opik.faults.wrongTotal;
    expect((await copy.sync({ page_size: 5 })).exit).toBe(0);
    expect(await copy.live()).toEqual(served());
  });

  test("a young version that was edited in place is no gap once it shows all its items", async () => {
    expect((await copy.sync()).exit).toBe(0);
    dataset.addItems(newItems(1));
    copy.opik.workspace.clock.advance(5000);
    dataset.updateItem(idsOf(dataset)[0] ?? "", { tags: ["new"] }, { inPlace: true });
    copy.opik.faults.replicaLag = { dataset: dataset.id, shows: 4 };
    expect((await copy.sync()).exit).toBe(3);
    delete copy.opik.faults.replicaLag;
    expect(await copy.sync()).toMatchObject({ exit: 0, quarantined: 0 });
    expect(await copy.live()).toEqual(served());
  });

  test("a version that stays short is read again in each sync", async () => {
    expect((await copy.sync()).exit).toBe(0);
    dataset.addItems(newItems(1));
    copy.opik.faults.replicaLag = { dataset: dataset.id, shows: 11 };
    for (let syncs = 0; syncs < 3; syncs += 1) {
      copy.takeRequests();
      expect((await copy.sync()).exit).toBe(3);
      expect(copy.takeRequests()).toContain(`datasets/${dataset.id}/items`);
      expect(await copy.deleted()).toBe(0);
      copy.opik.workspace.clock.advance(60_000);
    }
  });
});
