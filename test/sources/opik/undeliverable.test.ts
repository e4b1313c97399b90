import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { OpikDataset } from "../../../src/emulators/opik/dataset.ts";
import { OpikWorkspace } from "../../../src/emulators/opik/workspace.ts";
import { databases } from "../../support/databases.ts";
import { newItems, OpikCopy } from "../../support/opik-copy.ts";

/** Items that the service cannot deliver: every page with one is an error, or no JSON. */

const kinds = ["status", "nan", "brokenJson"] as const;

describe.each(databases)("on %s", (_name, newDatabase) => {
  let copy: OpikCopy;
  let dataset: OpikDataset;
  let ids: readonly string[];
  beforeEach(async () => {
    copy = await OpikCopy.start(newDatabase, { config: { page_size: 20 } });
    dataset = copy.addDataset("hurt", 0);
    ids = dataset.addItems(newItems(60));
    copy.addDataset("another", 2);
    copy.settle();
  });
  afterEach(() => copy[Symbol.asyncDispose]());

  const bad = () => ids[40] ?? "";
  /** From the newest on, which is the first. */
  const badPage = 20;
  const itemPath = () => `datasets/${dataset.id}/items`;
  const entries = () =>
    copy.database.query("SELECT key, reason FROM _rivulet_quarantine ORDER BY key");

  test.each(kinds)("all others arrive, and the position is in quarantine (%s)", async (how) => {
    copy.opik.faults.undeliverable = { item: bad(), how };
    expect(await copy.sync()).toMatchObject({ exit: 3, quarantined: 1 });
    const stored = await copy.live();
    expect(stored).toHaveLength(61);
    expect(stored).not.toContain(bad());
    const [entry] = await entries();
    const version = dataset.versions.at(-1)?.version_hash;
    expect(JSON.parse(String(entry?.["key"]))).toEqual([
      dataset.id,
      { version, page: badPage, size: 1 },
    ]);
    expect(entry?.["reason"]).toMatch(
      /^dataset "hurt": the service cannot deliver an item: GET .*\/items: (?:500|expected JSON)/,
    );
  });

  test.each(kinds)(
    "each later sync asks once, until the item can be read again (%s)",
    async (how) => {
      copy.opik.faults.undeliverable = { item: bad(), how };
      await copy.sync();
      for (let syncs = 0; syncs < 2; syncs += 1) {
        copy.opik.requests.length = 0;
        expect(await copy.sync({ retry_attempts: 5 })).toMatchObject({ exit: 3, quarantined: 1 });
        const asked = copy.opik.requests.filter(({ path }) => path.endsWith(itemPath()));
        expect(asked.map(({ query }) => query)).toEqual([
          {
            version: dataset.versions.at(-1)?.version_hash,
            truncate: "false",
            page: String(badPage),
            size: "1",
          },
        ]);
      }
      delete copy.opik.faults.undeliverable;
      expect(await copy.sync()).toMatchObject({ exit: 0, quarantined: 0 });
      expect(await copy.live()).toHaveLength(62);
      expect(await copy.live()).toContain(bad());
      copy.takeRequests();
      expect(await copy.sync()).toMatchObject({ exit: 0 });
      expect(copy.takeRequests()).not.toContain(itemPath());
    },
  );

  test("nothing that it may be is marked as deleted meanwhile", async () => {
    expect((await copy.sync()).exit).toBe(0);
    copy.opik.faults.undeliverable = { item: bad(), how: "status" };
    dataset.deleteItems(ids.slice(0, 2));
    const [added = ""] = dataset.addItems(newItems(1));
    copy.settle();
    for (const fullRefresh of [false, false, true]) {
      expect(await copy.sync({}, { fullRefresh })).toMatchObject({ exit: 3, quarantined: 1 });
      expect(await copy.deleted()).toBe(0);
      expect(await copy.live()).toContain(added);
    }
    delete copy.opik.faults.undeliverable;
    expect(await copy.sync()).toMatchObject({ exit: 0, quarantined: 0 });
    expect(await copy.deleted()).toBe(2);
    expect(await copy.live()).toContain(bad());
  });

  test("what is deleted of its dataset before it is not marked either, once it is known", async () => {
    copy.opik.faults.undeliverable = { item: bad(), how: "status" };
    expect((await copy.sync()).exit).toBe(3);
    dataset.deleteItems(ids.slice(-2));
    copy.settle();
    for (let syncs = 0; syncs < 2; syncs += 1) {
      expect(await copy.sync({ page_size: 5 })).toMatchObject({ exit: 3, quarantined: 1 });
      expect(await copy.deleted()).toBe(0);
    }
    delete copy.opik.faults.undeliverable;
    expect(await copy.sync()).toMatchObject({ exit: 0, quarantined: 0 });
    expect(await copy.deleted()).toBe(2);
  });

  test("a new version without the item ends it", async () => {
    copy.opik.faults.undeliverable = { item: bad(), how: "brokenJson" };
    expect((await copy.sync()).exit).toBe(3);
    dataset.deleteItems([bad()]);
    copy.settle();
    expect(await copy.sync()).toMatchObject({ exit: 0, quarantined: 0 });
    expect(await copy.live()).toHaveLength(61);
  });

  test("a new version in which it stands elsewhere has it in quarantine there", async () => {
    copy.opik.faults.undeliverable = { item: bad(), how: "status" };
    expect((await copy.sync()).exit).toBe(3);
    dataset.addItems(newItems(3));
    copy.settle();
    expect(await copy.sync()).toMatchObject({ exit: 3, quarantined: 1 });
    expect(await copy.live()).toHaveLength(64);
    const [entry] = await entries();
    expect(entry?.["key"]).toContain(`"page":${badPage + 3}`);
  });

  test.each([0, 59])("it may be the first or last item (%i)", async (index) => {
    copy.opik.faults.undeliverable = { item: ids[index] ?? "", how: "status" };
    expect(await copy.sync()).toMatchObject({ exit: 3, quarantined: 1 });
    expect(await copy.live()).toHaveLength(61);
  });

  test("an item written in place beside it arrives", async () => {
    copy.opik.faults.undeliverable = { item: bad(), how: "status" };
    expect((await copy.sync()).exit).toBe(3);
    dataset.updateItem(ids[7] ?? "", { data: { input: "new" } }, { inPlace: true });
    copy.settle();
    expect((await copy.sync()).exit).toBe(3);
    expect((await copy.values("inputs"))[ids[7] ?? ""]).toBe("new");
  });

  test("the only item of a dataset leaves the others alone", async () => {
    const single = copy.addDataset("single", 1);
    const [only] = single.itemsAt(1);
    copy.settle();
    copy.opik.faults.undeliverable = { item: only?.item.id ?? "", how: "nan" };
    expect((await copy.sync()).exit).toBe(3);
    expect(await copy.live()).toHaveLength(62);
    delete copy.opik.faults.undeliverable;
    expect(await copy.sync()).toMatchObject({ exit: 0, quarantined: 0 });
    expect(await copy.live()).toHaveLength(63);
  });
});

describe.each(databases)("a server without versions, on %s", (_name, newDatabase) => {
  test("is read as far as it can be, and marks nothing", async () => {
    const workspace = new OpikWorkspace({ versioned: false });
    await using copy = await OpikCopy.start(newDatabase, { workspace, config: { page_size: 20 } });
    const dataset = copy.addDataset("hurt", 0);
    const ids = dataset.addItems(newItems(60));
    expect((await copy.sync()).exit).toBe(0);
    copy.opik.faults.undeliverable = { item: ids[40] ?? "", how: "status" };
    dataset.deleteItems(ids.slice(0, 2));
    for (let syncs = 0; syncs < 2; syncs += 1) {
      expect((await copy.sync()).exit).toBe(3);
      expect(await copy.deleted()).toBe(0);
    }
    delete copy.opik.faults.undeliverable;
    expect(await copy.sync()).toMatchObject({ exit: 0, quarantined: 0 });
    const startedAt = new Date(Date.now() + 16 * 60_000);
    expect(await copy.sync({}, { startedAt })).toMatchObject({ exit: 0 });
    expect(await copy.live()).toHaveLength(58);
  });
});
