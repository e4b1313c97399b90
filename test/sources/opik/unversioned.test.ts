import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { OpikDataset } from "../../../src/emulators/opik/dataset.ts";
import { databases } from "../../support/databases.ts";
import { newItems, OpikCopy } from "../../support/opik-copy.ts";

/** Datasets without a version, or with one that records nothing. */

describe.each(databases)("on %s", (_name, newDatabase) => {
  let copy: OpikCopy;
  beforeEach(async () => {
    copy = await OpikCopy.start(newDatabase);
    copy.addDataset("versioned", 4);
  });
  afterEach(() => copy[Symbol.asyncDispose]());

  const draft = { withoutVersion: true } as const;

  /** The ids that the pages of a dataset show. */
  const idsOf = (dataset: OpikDataset) =>
    dataset.itemsAt(dataset.versions.length).map(({ item }) => item.id);

  const served = () => copy.opik.workspace.datasets.flatMap(idsOf).sort();

  test("a dataset without a version on a server that has versions arrives, with 0", async () => {
    const dataset = copy.opik.workspace.addDataset({ name: "draft" });
    dataset.addItems(newItems(7), draft);
    copy.settle();
    expect(await copy.sync({ page_size: 3 })).toMatchObject({ exit: 0, quarantined: 0 });
    expect(await copy.live()).toEqual(served());
    expect(await copy.live()).toHaveLength(11);
    expect(await copy.reasons()).toEqual([]);
  });

  test("its changes arrive, and its deletions once the same items were shown for 15 minutes", async () => {
    const dataset = copy.opik.workspace.addDataset({ name: "draft" });
    const [first = "", second = ""] = dataset.addItems(newItems(7), draft);
    copy.settle();
    expect((await copy.sync()).exit).toBe(0);
    dataset.updateItem(first, { data: { input: "edited" } }, draft);
    expect((await copy.sync()).exit).toBe(0);
    expect((await copy.values("inputs"))[first]).toBe("edited");
    dataset.deleteItems([second], draft);
    // It may be a replica that lags: nothing counts the items.
    expect((await copy.sync()).exit).toBe(0);
    expect(await copy.deleted()).toBe(0);
    copy.settle();
    expect((await copy.sync()).exit).toBe(0);
    expect(await copy.live()).toEqual(served());
    expect(await copy.deleted()).toBe(1);
  });

  test("a replica that shows less of it marks nothing", async () => {
    const dataset = copy.opik.workspace.addDataset({ name: "draft" });
    dataset.addItems(newItems(7), draft);
    copy.settle();
    expect((await copy.sync()).exit).toBe(0);
    for (const shows of [0, 3, 6, 5]) {
      copy.opik.faults.replicaLag = { dataset: dataset.id, shows };
      expect([0, 3]).toContain((await copy.sync()).exit);
      expect(await copy.deleted()).toBe(0);
      copy.opik.workspace.clock.advance(5 * 60_000);
    }
    delete copy.opik.faults.replicaLag;
    expect((await copy.sync()).exit).toBe(0);
    expect(await copy.live()).toEqual(served());
  });

  test("it is read by its version as soon as it has one", async () => {
    const dataset = copy.opik.workspace.addDataset({ name: "draft" });
    const [first = ""] = dataset.addItems(newItems(7), draft);
    copy.settle();
    expect((await copy.sync()).exit).toBe(0);
    dataset.deleteItems([first]);
    copy.settle();
    expect((await copy.sync()).exit).toBe(0);
    expect(await copy.live()).toEqual(served());
    copy.takeRequests();
    expect((await copy.sync()).exit).toBe(0);
    expect(copy.takeRequests().filter((path) => path.endsWith("/items"))).toEqual([]);
  });

  test("an empty dataset without a version is no gap", async () => {
    copy.opik.workspace.addDataset({ name: "empty" });
    for (let syncs = 0; syncs < 2; syncs += 1)
      expect(await copy.sync()).toMatchObject({ exit: 0, quarantined: 0 });
  });

  test("a dataset of a server before versions is read by pages in each sync", async () => {
    const { workspace } = copy.opik;
    const dataset = workspace.addDataset({ name: "migrated" }, { migrates: true });
    const [first = "", second = ""] = dataset.addItems(newItems(6), draft);
    copy.settle();
    for (let syncs = 0; syncs < 2; syncs += 1) {
      copy.takeRequests();
      expect(await copy.sync()).toMatchObject({ exit: 0, quarantined: 0 });
      expect(copy.takeRequests()).toContain(`datasets/${dataset.id}/items`);
      expect(await copy.live()).toEqual(served());
    }
    expect(dataset.versions.map(({ version_hash }) => version_hash)).toEqual(["v1"]);
    // Writes in place move nothing there.
    dataset.updateItem(first, { data: { input: "edited" } }, { inPlace: true });
    dataset.deleteItems([second], { inPlace: true });
    copy.settle();
    expect((await copy.sync()).exit).toBe(0);
    expect((await copy.values("inputs"))[first]).toBe("edited");
    copy.settle();
    expect((await copy.sync()).exit).toBe(0);
    expect(await copy.live()).toEqual(served());
    // A write with a version of its own ends that.
    dataset.addItems(newItems(1));
    copy.settle();
    expect((await copy.sync()).exit).toBe(0);
    copy.takeRequests();
    expect((await copy.sync()).exit).toBe(0);
    expect(copy.takeRequests()).not.toContain(`datasets/${dataset.id}/items`);
    expect(await copy.live()).toEqual(served());
  });

  test.each(["all", "withoutProject"] as const)(
    "a server whose streams are empty (%s) is read all the same",
    async (emptyStreams) => {
      copy.opik.faults.emptyStreams = emptyStreams;
      copy.settle();
      expect(await copy.sync()).toMatchObject({ exit: 0, quarantined: 0 });
      expect(await copy.live()).toEqual(served());
    },
  );
});
