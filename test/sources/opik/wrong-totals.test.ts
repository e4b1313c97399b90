import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { OpikDataset } from "../../../src/emulators/opik/dataset.ts";
import { databases } from "../../support/databases.ts";
import { newItems, OpikCopy } from "../../support/opik-copy.ts";

/** Answers whose `total` is wrong, and versions whose own count is. */

describe.each(databases)("on %s", (_name, newDatabase) => {
  let copy: OpikCopy;
  let dataset: OpikDataset;
  let ids: readonly string[];
  beforeEach(async () => {
    copy = await OpikCopy.start(newDatabase);
    dataset = copy.addDataset("counted", 0);
    ids = dataset.addItems(newItems(23));
    copy.addDataset("another", 2);
    copy.settle();
  });
  afterEach(() => copy[Symbol.asyncDispose]());

  const served = () =>
    copy.opik.workspace.datasets
      .flatMap((of) => of.itemsAt(of.versions.length).map(({ item }) => item.id))
      .sort();
  const itemPath = () => `datasets/${dataset.id}/items`;

  test.each([1, -1, 5])(
    "a total that is wrong by %i is no gap: two walks show the items that the version counts",
    async (by) => {
      copy.opik.faults.wrongTotal = { dataset: dataset.id, by };
      expect(await copy.sync({ page_size: 10 })).toMatchObject({ exit: 0, quarantined: 0 });
      expect(await copy.live()).toEqual(served());
      copy.takeRequests();
      expect(await copy.sync({ page_size: 10 })).toMatchObject({ exit: 0, quarantined: 0 });
      expect(copy.takeRequests()).not.toContain(itemPath());
      dataset.deleteItems(ids.slice(0, 3));
      dataset.addItems(newItems(1));
      copy.settle();
      expect(await copy.sync({ page_size: 10 })).toMatchObject({ exit: 0, quarantined: 0 });
      expect(await copy.live()).toEqual(served());
    },
  );

  test("a young version whose total is wrong marks nothing until it is settled", async () => {
    expect((await copy.sync()).exit).toBe(0);
    copy.opik.faults.wrongTotal = { dataset: dataset.id, by: 1 };
    dataset.deleteItems(ids.slice(0, 3));
    expect((await copy.sync()).exit).toBe(3);
    expect(await copy.deleted()).toBe(0);
    copy.settle();
    expect(await copy.sync()).toMatchObject({ exit: 0, quarantined: 0 });
    expect(await copy.live()).toEqual(served());
  });

  const counts = 'dataset "counted": the service counts 26 items and shows 23';

  test("a count of the version that is too high is believed after 15 minutes, and `status` names it", async () => {
    copy.opik.faults.inflatedCount = { dataset: dataset.id, by: 3 };
    for (let syncs = 0; syncs < 2; syncs += 1) {
      copy.takeRequests();
      expect(await copy.sync()).toMatchObject({ exit: 3, quarantined: 1, settled: 0 });
      expect(copy.takeRequests()).toContain(itemPath());
      expect(await copy.reasons()).toEqual([
        `${counts}; nothing was marked as deleted, the next sync reads it again`,
      ]);
    }
    copy.settle();
    expect(await copy.sync()).toMatchObject({ exit: 0, quarantined: 0, settled: 1 });
    expect(await copy.reasons({ settled: true })).toEqual([`${counts}, always the same`]);
    const status = await copy.run("status");
    expect(status.stdout).toContain("1 settled gap");
    expect(status.stdout).toContain(`${counts}, always the same`);
    copy.takeRequests();
    expect(await copy.sync()).toMatchObject({ exit: 0, settled: 1 });
    expect(copy.takeRequests()).not.toContain(itemPath());
    expect(await copy.live()).toEqual(served());
  });

  test("a count that was believed stays so in a full refresh, and in versions that are off by as many", async () => {
    copy.opik.faults.inflatedCount = { dataset: dataset.id, by: 3 };
    await copy.sync();
    copy.settle();
    expect(await copy.sync()).toMatchObject({ exit: 0, settled: 1 });
    expect(await copy.sync({}, { fullRefresh: true })).toMatchObject({ exit: 0, settled: 1 });
    for (let days = 1; days < 4; days += 1) {
      dataset.deleteItems(ids.slice(days, days + 1));
      dataset.addItems(newItems(2));
      // Young, it may still be a replica that lags.
      expect(await copy.sync()).toMatchObject({ exit: 3, settled: 0 });
      dataset.addItems(newItems(1));
      copy.settle();
      expect(await copy.sync()).toMatchObject({ exit: 0, quarantined: 0, settled: 1 });
      expect(await copy.deleted()).toBe(days - 1);
      copy.settle();
      expect(await copy.sync()).toMatchObject({ exit: 0, settled: 1 });
      expect(await copy.live()).toEqual(served());
    }
    copy.opik.faults.inflatedCount = { dataset: dataset.id, by: 4 };
    dataset.addItems(newItems(1));
    copy.settle();
    expect(await copy.sync()).toMatchObject({ exit: 3, quarantined: 1, settled: 0 });
  });

  test("a count that was believed is left alone once it is right", async () => {
    copy.opik.faults.inflatedCount = { dataset: dataset.id, by: 3 };
    await copy.sync();
    copy.settle();
    expect(await copy.sync()).toMatchObject({ exit: 0, settled: 1 });
    delete copy.opik.faults.inflatedCount;
    expect(await copy.sync()).toMatchObject({ exit: 0, settled: 0, quarantined: 0 });
  });

  test("items that come and go while the count is wrong arrive, and are marked when it is believed", async () => {
    copy.opik.faults.inflatedCount = { dataset: dataset.id, by: 3 };
    await copy.sync();
    copy.settle();
    expect((await copy.sync()).exit).toBe(0);
    dataset.deleteItems(ids.slice(0, 2));
    const [added = ""] = dataset.addItems(newItems(1));
    expect((await copy.sync()).exit).toBe(3);
    expect(await copy.live()).toContain(added);
    expect(await copy.deleted()).toBe(0);
    copy.settle();
    expect((await copy.sync()).exit).toBe(0);
    expect(await copy.live()).toEqual(served());
  });

  test("a count of the version that is too low is no gap for ever", async () => {
    copy.opik.faults.inflatedCount = { dataset: dataset.id, by: -2 };
    expect((await copy.sync()).exit).toBe(3);
    expect(await copy.live()).toEqual(served());
    copy.settle();
    expect(await copy.sync()).toMatchObject({ exit: 0, settled: 1 });
    expect(await copy.live()).toEqual(served());
  });
});
