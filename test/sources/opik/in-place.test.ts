import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { OpikDataset } from "../../../src/emulators/opik/dataset.ts";
import { databases } from "../../support/databases.ts";
import { newItems, OpikCopy } from "../../support/opik-copy.ts";

/** Items that are written into the version that exists: neither its hash nor the list changes. */

describe.each(databases)("on %s", (_name, newDatabase) => {
  let copy: OpikCopy;
  let dataset: OpikDataset;
  let ids: readonly string[];
  beforeEach(async () => {
    copy = await OpikCopy.start(newDatabase);
    for (let d = 0; d < 4; d += 1) copy.addDataset(`other ${d}`, 2);
    dataset = copy.addDataset("edited", 0);
    ids = dataset.addItems(newItems(6));
    copy.settle();
  });
  afterEach(() => copy[Symbol.asyncDispose]());

  const inPlace = { inPlace: true } as const;
  const edit = (input: string) => {
    dataset.updateItem(ids[0] ?? "", { data: { input } }, inPlace);
  };
  const storedInput = async () => (await copy.values("inputs"))[ids[0] ?? ""];
  const itemRequests = () => copy.takeRequests().filter((path) => path.endsWith("/items"));

  test("an edit in place arrives with the next sync", async () => {
    expect((await copy.sync()).exit).toBe(0);
    edit("new");
    copy.settle();
    copy.takeRequests();
    const { exit, counts } = await copy.sync();
    expect(exit).toBe(0);
    expect(counts.get("opik_dataset_item")).toMatchObject({ inserted: 0, updated: 1, deleted: 0 });
    expect(await storedInput()).toBe("new");
    expect(itemRequests()).toEqual([`datasets/${dataset.id}/items`]);
  });

  test("one in and one out in place, so that the count is the same, arrive", async () => {
    expect((await copy.sync()).exit).toBe(0);
    dataset.deleteItems(ids.slice(0, 1), inPlace);
    const [added = ""] = dataset.addItems(newItems(1), inPlace);
    copy.settle();
    expect((await copy.sync()).exit).toBe(0);
    expect(await copy.live()).toContain(added);
    expect(await copy.live()).not.toContain(ids[0]);
    expect(await copy.deleted()).toBe(1);
  });

  test("two edits within a second arrive, although the counters of the first were read", async () => {
    expect((await copy.sync()).exit).toBe(0);
    edit("first");
    expect((await copy.sync()).exit).toBe(0);
    expect(await storedInput()).toBe("first");
    edit("second");
    expect((await copy.sync()).exit).toBe(0);
    expect(await storedInput()).toBe("second");
  });

  test("items that are written before the counters arrive by the counters", async () => {
    expect((await copy.sync()).exit).toBe(0);
    dataset.updateItem(ids[0] ?? "", { data: { input: "new" } }, { ...inPlace, counters: "later" });
    copy.settle();
    expect((await copy.sync()).exit).toBe(0);
    dataset.moveCounters();
    expect((await copy.sync()).exit).toBe(0);
    expect(await storedInput()).toBe("new");
  });

  test("an edit while the dataset is read arrives with the next sync", async () => {
    let left = 1;
    copy.opik.faults.onAnswer = ({ path }) => {
      if (path.endsWith(`${dataset.id}/items`) && left-- > 0) edit("meanwhile");
    };
    expect((await copy.sync()).exit).toBe(0);
    copy.settle();
    expect((await copy.sync()).exit).toBe(0);
    expect(await storedInput()).toBe("meanwhile");
  });

  test("deletes in place while the dataset is read lose no other item", async () => {
    let left = 1;
    copy.opik.faults.onAnswer = ({ path }) => {
      if (path.endsWith(`${dataset.id}/items`) && left-- > 0)
        dataset.deleteItems(ids.slice(-2), inPlace);
    };
    await copy.sync({ page_size: 2 });
    copy.settle();
    expect((await copy.sync({ page_size: 2 })).exit).toBe(0);
    const stored = await copy.live();
    for (const id of ids.slice(0, -2)) expect(stored).toContain(id);
    for (const id of ids.slice(-2)) expect(stored).not.toContain(id);
  });

  test("deletions that no sync can prove for more than a day end it with 3", async () => {
    const sync = async (days: number) => {
      const startedAt = new Date(Date.now() + days * 86_400_000);
      return await copy.sync({}, { startedAt });
    };
    expect((await sync(0)).exit).toBe(0);
    for (const days of [1, 1.9]) {
      edit(`${days}`);
      expect(await sync(days)).toMatchObject({ exit: 0 });
    }
    // Nothing was deleted so far.
    edit("more");
    expect(await sync(2.5)).toMatchObject({ exit: 0 });
    dataset.deleteItems(ids.slice(1, 3), inPlace);
    expect(await sync(3)).toMatchObject({ exit: 3, quarantined: 1 });
    const since = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
    expect(await copy.reasons()).toEqual([
      `dataset "edited": 2 deleted items could not be marked since ${since}, because it had always changed less than 15 minutes before a sync; sync once later after an edit`,
    ]);
    copy.settle();
    expect(await sync(3.1)).toMatchObject({ exit: 0, quarantined: 0 });
    expect(await copy.deleted()).toBe(2);
    edit("again");
    expect(await sync(5)).toMatchObject({ exit: 0 });
  });

  test("each unchanged dataset costs one request, and none without `detect_edits`", async () => {
    expect((await copy.sync()).exit).toBe(0);
    copy.takeRequests();
    expect((await copy.sync()).exit).toBe(0);
    const requests = copy.takeRequests();
    expect(requests.filter((path) => path.endsWith("/versions"))).toHaveLength(5);
    // Beside them: two lists, and the proof of login and permissions before and after.
    expect(requests).toHaveLength(5 + 2 + 2 * 2);
    expect((await copy.sync({ detect_edits: false })).exit).toBe(0);
    copy.takeRequests();
    expect((await copy.sync({ detect_edits: false })).exit).toBe(0);
    expect(copy.takeRequests()).toHaveLength(2 + 2 * 2);
  });

  test("without `detect_edits`, edits are found by the rescan, new versions and other counts at once", async () => {
    const sync = async (days = 0) => {
      const startedAt = new Date(Date.now() + days * 86_400_000);
      expect((await copy.sync({ detect_edits: false }, { startedAt })).exit).toBe(0);
    };
    await sync();
    edit("new");
    await sync();
    expect(await storedInput()).toBe(0);
    await sync(8);
    expect(await storedInput()).toBe("new");
    const [added = ""] = dataset.addItems(newItems(1), inPlace);
    await sync(8);
    expect(await copy.live()).toContain(added);
    dataset.deleteItems(ids.slice(0, 2));
    await sync(8);
    expect(await copy.live()).toHaveLength(13);
  });
});
