import { beforeEach, describe, expect, test } from "vitest";
import type { OpikDataset } from "../../../src/emulators/opik/dataset.ts";
import { OpikWorkspace } from "../../../src/emulators/opik/workspace.ts";
import { startOpik, type Opik } from "../../support/opik.ts";
import { dataOf, useEmulator, type EmulatorClient } from "./client.ts";

let opik: Opik;
let dataset: OpikDataset;
let client: EmulatorClient;

useEmulator((started) => {
  ({ opik, client } = started);
  dataset = opik.workspace.addDataset({ name: "d" });
});

const inPlace = { inPlace: true };

describe("a version", () => {
  test("has an id with the time of its creation, and a hash of eight digits from it", async () => {
    opik.workspace.clock.set("2026-05-01T00:00:00Z");
    dataset.addItems([{ data: 1 }]);

    const { id, version_hash, last_updated_at } = await client.latest(dataset.id);
    const createdMs = Number.parseInt(String(id).replaceAll("-", "").slice(0, 12), 16);

    expect(new Date(createdMs).toISOString()).toMatch(/^2026-05-01T00:00:00/);
    expect(version_hash).toMatch(/^[\da-f]{8}$/);
    expect(String(id).endsWith(String(version_hash))).toBe(true);
    expect(last_updated_at).toMatch(/^2026-05-01T00:00:0\dZ$/);
  });

  test("is listed in pages that say the requested size", async () => {
    dataset.addItems([{ data: 1 }]);

    expect(await client.page(`/datasets/${dataset.id}/versions?size=7`)).toMatchObject({
      ...{ page: 1, size: 7, total: 1 },
      content: [{ version_name: "v1", is_latest: true, items_total: 1, items_added: 1 }],
    });
  });

  test("keeps hash and count when its items are written in place, and moves its counts", async () => {
    const [id = ""] = dataset.addItems([{ data: "old" }, { data: "other" }]);
    const before = await client.latest(dataset.id);
    const { last_updated_at } = dataset.entity;
    opik.workspace.clock.advance(2000);
    dataset.updateItem(id, { data: "new" }, inPlace);

    const after = await client.latest(dataset.id);

    const { last_updated_at: movedAt, ...rest } = after;
    expect({ ...rest, last_updated_at: before["last_updated_at"] }).toEqual({
      ...before,
      items_modified: 1,
    });
    expect(movedAt).not.toBe(before["last_updated_at"]);
    expect(await client.json(`/datasets/${dataset.id}`)).toMatchObject({ last_updated_at });
    const pinned = `version=${String(after["version_hash"])}`;
    expect(dataOf((await client.items(dataset.id, pinned)).content)).toEqual(["other", "new"]);
  });

  test("moves its time in whole seconds, so that a second write in one leaves it", async () => {
    const [id = ""] = dataset.addItems([{ data: 1 }]);
    opik.workspace.clock.set("2026-05-01T00:00:00Z");
    dataset.updateItem(id, { data: 2, last_updated_at: "2026-05-01T00:00:00Z" }, inPlace);
    const before = await client.latest(dataset.id);
    opik.workspace.clock.set("2026-05-01T00:00:00.5Z");
    dataset.deleteItems([id], inPlace);

    const after = await client.latest(dataset.id);

    expect(after["last_updated_at"]).toBe(before["last_updated_at"]);
    expect(after).toMatchObject({ items_total: 0, items_deleted: 1 });
  });

  test.each(["later", "never"] as const)("can have counts that move %s", async (counters) => {
    const [id = ""] = dataset.addItems([{ data: "old" }]);
    const before = await client.latest(dataset.id);
    opik.workspace.clock.advance(2000);
    dataset.updateItem(id, { data: "new" }, { inPlace: true, counters });

    expect(dataOf((await client.items(dataset.id)).content)).toEqual(["new"]);
    expect(await client.latest(dataset.id)).toEqual(before);
    dataset.moveCounters();
    expect((await client.latest(dataset.id))["items_modified"]).toBe(counters === "later" ? 1 : 0);
  });

  test("can hold items under the ids that they have in another dataset", async () => {
    const ids = dataset.addItems([{ data: "a", tags: ["x"] }, { data: "b" }]);
    const subset = opik.workspace.addDataset({ name: "subset" });
    dataset.copyItemsTo(subset, ids.slice(0, 1));

    const { content } = await client.items(subset.id);

    expect(content).toMatchObject([{ id: ids[0], data: "a", tags: ["x"], dataset_id: subset.id }]);
    expect((await client.items(dataset.id)).total).toBe(2);
    expect(() => {
      dataset.copyItemsTo(subset, ["nobody"]);
    }).toThrow(RangeError);
  });
});

describe("a dataset without a version", () => {
  test("has items in pages, and none in the stream", async () => {
    dataset.addItems([{ data: 1 }, { data: 2 }], { withoutVersion: true });

    expect(await client.page("/datasets")).toMatchObject({ content: [{ dataset_items_count: 2 }] });
    expect((await client.page("/datasets")).content[0]).not.toHaveProperty("latest_version");
    expect((await client.items(dataset.id)).total).toBe(2);
    expect(await client.stream({ dataset_name: "d" })).toEqual([]);
    expect(await client.status(`/datasets/${dataset.id}/items?version=latest`)).toBe(404);
  });

  test("has all its items in the first version that is made", async () => {
    dataset.addItems([{ data: 1 }], { withoutVersion: true });
    dataset.addItems([{ data: 2 }]);

    expect(await client.latest(dataset.id)).toMatchObject({ items_total: 2, items_added: 1 });
    expect(dataOf(await client.stream({ dataset_name: "d" }))).toEqual([2, 1]);
    expect(() => dataset.addItems([{ data: 3 }], { withoutVersion: true })).toThrow(RangeError);
  });
});

describe("a dataset of a server before versions", () => {
  let old: OpikDataset;
  let ids: readonly string[];

  beforeEach(() => {
    old = opik.workspace.addDataset({ name: "old" }, { migrates: true });
    ids = old.addItems([{ data: 1 }, { data: 2 }], { withoutVersion: true });
  });

  test("gets its version when its items are first read", async () => {
    const hasVersion = async () => Object.keys(await client.latest(old.id)).length > 0;

    expect(await hasVersion()).toBe(false);
    expect((await client.items(old.id)).total).toBe(2);
    expect(await hasVersion()).toBe(true);
    expect(await client.latest(old.id)).toMatchObject({
      ...{ id: old.id, version_hash: "v1", items_total: -1, items_modified: 0 },
      last_updated_at: old.entity["last_updated_at"],
    });
    expect(await client.json(`/datasets/${old.id}`)).toMatchObject({
      dataset_items_count: 2,
      latest_version: { version_hash: "v1" },
    });
  });

  test("is migrated by the stream, too", async () => {
    expect(await client.stream({ dataset_name: "old" })).toHaveLength(2);
  });

  test("does not show that it is written in place", async () => {
    await client.items(old.id);
    const before = await client.latest(old.id);
    opik.workspace.clock.advance(5000);
    old.updateItem(ids[0] ?? "", { data: "new" }, inPlace);
    old.addItems([{ data: 3 }], inPlace);

    expect(await client.latest(old.id)).toEqual(before);
    expect(dataOf((await client.items(old.id, "version=v1")).content)).toEqual([3, 2, "new"]);
  });

  test("is like any other after a write with a new version", async () => {
    old.deleteItems(ids.slice(0, 1));

    expect(await client.latest(old.id)).toMatchObject({ version_name: "v2", items_total: 1 });
    expect(dataOf((await client.items(old.id)).content)).toEqual([2]);
    expect(dataOf((await client.items(old.id, "version=v1")).content)).toEqual([2, 1]);
  });
});

describe("a server", () => {
  test.each([
    [true, "2.2.30"],
    [false, "1.8.0"],
  ])("with versions: %s says that it is %s", async (versioned, version) => {
    await using server = await startOpik({ workspace: new OpikWorkspace({ versioned }) });

    expect(await (await fetch(`${server.url}/api/is-alive/ver`)).json()).toEqual({ version });
  });

  test("has its clock's time in the header Date", async () => {
    opik.workspace.clock.set("2026-05-01T12:00:00Z");
    const date = async () => (await client.send("/datasets")).headers.get("date");

    expect(await date()).toBe("Fri, 01 May 2026 12:00:00 GMT");
    opik.workspace.clock.advance(15 * 60_000);
    expect(await date()).toBe("Fri, 01 May 2026 12:15:00 GMT");
  });
});
