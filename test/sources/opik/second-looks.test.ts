import { describe, expect, test } from "vitest";
import { OpikWorkspace } from "../../../src/emulators/opik/workspace.ts";
import { databases } from "../../support/databases.ts";
import { newItems, OpikCopy } from "../../support/opik-copy.ts";

/** 15 minutes and a bit, by the clock of the program. */
const laterMs = 16 * 60_000;

describe.each(databases)("on %s", (_name, newDatabase) => {
  test("without `detect_edits`, a replica that shows less of an uncounted dataset marks nothing", async () => {
    await using copy = await OpikCopy.start(newDatabase, { config: { detect_edits: false } });
    const dataset = copy.addDataset("d", 0);
    const ids = dataset.addItems(newItems(12), { withoutVersion: true });
    copy.settle();
    expect(await copy.sync()).toMatchObject({ exit: 0 });
    copy.opik.faults.replicaLag = { dataset: dataset.id, shows: 5 };
    expect(await copy.sync()).toMatchObject({ exit: 0 });
    expect(await copy.live()).toEqual(ids.toSorted());
    expect(await copy.deleted()).toBe(0);
  });

  test("deletions in an uncounted dataset are marked even if each sync is a full refresh", async () => {
    await using copy = await OpikCopy.start(newDatabase);
    const dataset = copy.addDataset("d", 0);
    const ids = dataset.addItems(newItems(12), { withoutVersion: true });
    await copy.sync();
    dataset.deleteItems(ids.slice(0, 2), { withoutVersion: true });
    for (let syncs = 0; syncs < 2; syncs += 1) {
      copy.settle();
      expect(await copy.sync({}, { fullRefresh: true })).toMatchObject({ exit: 0 });
    }
    expect(await copy.live()).toEqual(ids.slice(2).sort());
  });

  test("a total that is too low at the end of a page hides no item", async () => {
    await using copy = await OpikCopy.start(newDatabase);
    const ids = copy.addDataset("d", 0).addItems(newItems(11));
    copy.settle();
    copy.opik.faults.wrongTotal = { by: -1 };
    expect(await copy.sync({ page_size: 10 })).toMatchObject({ exit: 0 });
    expect(await copy.live()).toEqual(ids.toSorted());
  });

  test("on a server without versions, one empty answer marks nothing", async () => {
    const workspace = new OpikWorkspace({ versioned: false });
    await using copy = await OpikCopy.start(newDatabase, { workspace });
    const dataset = workspace.addDataset({ name: "d" });
    const ids = dataset.addItems(newItems(12));
    expect(await copy.sync()).toMatchObject({ exit: 0 });
    copy.opik.faults.replicaLag = { dataset: dataset.id };
    expect(await copy.sync()).toMatchObject({ exit: 0 });
    expect(await copy.live()).toEqual(ids.toSorted());
    delete copy.opik.faults.replicaLag;
    dataset.deleteItems(ids.slice(0, 2));
    expect(await copy.sync()).toMatchObject({ exit: 0 });
    const startedAt = new Date(Date.now() + laterMs);
    expect(await copy.sync({}, { startedAt })).toMatchObject({ exit: 0 });
    expect(await copy.live()).toEqual(ids.slice(2).sort());
  });
});
