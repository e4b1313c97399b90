import { plainText } from "../../../src/core/schema.ts";
import { describe, expect, test } from "vitest";
import { newLog } from "../../../src/core/log.ts";
import { newRequestStats } from "../../../src/core/request-stats.ts";
import { opik as source } from "../../../src/sources/opik/source.ts";
import { databases } from "../../support/databases.ts";
import { startOpik } from "../../support/opik.ts";
import { newItems, OpikCopy } from "../../support/opik-copy.ts";

/** Servers of early 2026, whose `id` of an item is that of its row in one version. */

describe.each(databases)("on %s", (_name, newDatabase) => {
  test("an item keeps its key in all versions", async () => {
    await using copy = await OpikCopy.start(newDatabase, { faults: { rowIds: true } });
    const dataset = copy.addDataset("d", 0);
    const ids = dataset.addItems(newItems(30));
    copy.settle();
    expect(await copy.sync({ page_size: 7 })).toMatchObject({ exit: 0 });
    expect(await copy.live()).toEqual(ids.toSorted());
    const [added = ""] = dataset.addItems(newItems(1));
    dataset.deleteItems(ids.slice(0, 2));
    copy.settle();
    const { exit, counts } = await copy.sync({ page_size: 7 });
    expect(exit).toBe(0);
    expect(counts.get("opik_dataset_item")).toMatchObject({ inserted: 1, deleted: 2 });
    expect(await copy.live()).toEqual([...ids.slice(2), added].sort());
    expect(await copy.deleted()).toBe(2);
  });

  test("a copy with the ids of rows gets those of items, once and without the lock", async () => {
    await using copy = await OpikCopy.start(newDatabase, { faults: { rowIds: true } });
    const dataset = copy.addDataset("d", 0);
    const ids = dataset.addItems(newItems(30));
    copy.settle();
    expect(await copy.sync()).toMatchObject({ exit: 0 });
    // As an earlier version has left it: the ids of rows are the key, and the state is another.
    await copy.database.query("UPDATE opik_dataset_item SET item_id = 'row ' || item_id");
    await copy.database.query("DELETE FROM _rivulet_state WHERE stream <> ''");
    const at = new Date().toISOString();
    const version = `${dataset.versions.at(-1)?.version_hash ?? ""} 30 66549e43`;
    for (const [partition, checkpoint] of [
      ["", { swept: at }],
      [dataset.id, { version, at }],
    ] as const)
      await copy.database.query(
        `INSERT INTO _rivulet_state (pipeline, stream, partition, checkpoint, epoch) VALUES ('opik', 'opik_dataset_item', '${partition}', '${JSON.stringify(checkpoint)}', 1)`,
      );
    const { exit, counts } = await copy.sync();
    expect(exit).toBe(0);
    expect(counts.get("opik_dataset_item")).toMatchObject({ inserted: 30, deleted: 30 });
    expect(await copy.live()).toEqual(ids.toSorted());
    expect(await copy.sync()).toMatchObject({ exit: 0 });
    dataset.addItems(newItems(1));
    copy.settle();
    const next = await copy.sync();
    expect(next.counts.get("opik_dataset_item")).toMatchObject({ inserted: 1, deleted: 0 });
  });

  test("a server that is updated to the ids of items changes no row", async () => {
    await using copy = await OpikCopy.start(newDatabase, { faults: { rowIds: true } });
    const ids = copy.addDataset("d", 0).addItems(newItems(30));
    copy.settle();
    expect(await copy.sync()).toMatchObject({ exit: 0 });
    copy.opik.faults.rowIds = false;
    const { exit, counts } = await copy.sync({}, { fullRefresh: true });
    expect(exit).toBe(0);
    expect(counts.get("opik_dataset_item")).toMatchObject({ inserted: 0, deleted: 0 });
    expect(await copy.live()).toEqual(ids.toSorted());
  });
});

test("no page marks items that come on a later page, in whatever order", async () => {
  await using opik = await startOpik({ faults: { rowIds: true } });
  const idsOf = new Map<string, readonly string[]>();
  // The first two items of some of these datasets descend.
  for (let n = 0; n < 12; n += 1) {
    const dataset = opik.workspace.addDataset({ name: `set ${n}` });
    idsOf.set(dataset.id, dataset.addItems(newItems(10)));
  }
  opik.workspace.clock.advance(16 * 60_000);
  const { signal } = new AbortController();
  const log = newLog(() => undefined);
  const config = source.config.parse({ base_url: opik.url, page_size: 2 });
  const streams = source.streams(config, { log, signal, transfer: newRequestStats() });
  const items = streams.find(({ name }) => name === "opik_dataset_item");
  const options = { checkpoints: new Map(), fullRefresh: true, startedAt: new Date(), signal, log };
  const marked: string[] = [];
  for await (const { sweep } of items?.read(options) ?? []) {
    if (sweep?.range?.column !== "item_id") continue;
    const from = plainText(sweep.range.from ?? "");
    const below = plainText(sweep.range.below ?? "~");
    const keys = new Set(sweep.keys.flat());
    const others = idsOf.get(plainText(sweep.where?.["dataset_id"])) ?? [];
    marked.push(...others.filter((id) => id >= from && id < below && !keys.has(id)));
  }
  expect(marked).toEqual([]);
});
