import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { databases, type TestDatabase } from "../../support/databases.ts";
import { RawJson } from "../../../src/emulators/raw-json.ts";
import { OpikWorkspace } from "../../../src/emulators/opik/workspace.ts";
import { startOpik, type Opik } from "../../support/opik.ts";
import { syncOpik } from "../../support/sync-source.ts";

type Options = [config?: Parameters<typeof syncOpik>[1], options?: Parameters<typeof syncOpik>[2]];

/** JSON text without the white space that a database adds. */
function compact(json: unknown): string {
  return String(json).replaceAll(/\s/g, "");
}

describe.each(databases)("on %s", (_name, newDatabase) => {
  let database: TestDatabase;
  let opik: Opik;
  beforeEach(async () => {
    database = await newDatabase();
    opik = await startOpik();
  });
  afterEach(async () => {
    await opik[Symbol.asyncDispose]();
    await database.drop();
  });

  const sync = (...options: Options) =>
    syncOpik({ url: opik.url, destination: database.url }, ...options);

  /** The ids of the items in the table that are not marked as deleted, sorted. */
  async function storedIds(): Promise<string[]> {
    const rows = await database.query(`SELECT item_id FROM opik_dataset_item WHERE NOT _deleted`);
    return rows.map(({ item_id }) => String(item_id)).sort();
  }

  /** The ids of the items that the server has, sorted. */
  function serverIds(workspace: OpikWorkspace): string[] {
    return workspace.datasets
      .flatMap((dataset) => dataset.itemsAt(dataset.versions.length))
      .map(({ item }) => item.id)
      .sort();
  }

  function fill(datasets: number, items: number): void {
    for (let d = 0; d < datasets; d += 1) {
      const dataset = opik.workspace.addDataset({ name: `set ${d}` });
      dataset.addItems(
        Array.from({ length: items }, (_, i) => ({
          data: { input: { n: i }, expected_output: `o${i}` },
        })),
      );
    }
  }

  const itemRequests = (): string[] =>
    opik.requests.map(({ path }) => path).filter((path) => /\/items/.test(path));

  test("a workspace of many pages is copied, and a second sync requests little and writes nothing", async () => {
    for (let p = 0; p < 25; p += 1) opik.workspace.addProject({ name: `project ${p}` });
    fill(30, 23);
    const first = await sync({ page_size: 10 });
    expect(first.status).toBe("completed");
    expect(first.counts.get("opik_project")).toMatchObject({ inserted: 25 });
    expect(first.counts.get("opik_dataset")).toMatchObject({ inserted: 30 });
    expect(first.counts.get("opik_dataset_item")).toMatchObject({ inserted: 690 });
    expect(await storedIds()).toEqual(serverIds(opik.workspace));
    opik.requests.length = 0;
    const second = await sync();
    expect(second.status).toBe("completed");
    for (const counts of second.counts.values()) {
      expect(counts).toMatchObject({ inserted: 0, updated: 0, deleted: 0, rejected: 0 });
    }
    // Two lists, two proofs of login and permissions, and the version of each dataset.
    expect(opik.requests).toHaveLength(2 + 2 * 2 + 30);
    expect(itemRequests()).toEqual([]);
  });

  test("columns come from the item or else its data, and raw keeps everything", async () => {
    const dataset = opik.workspace.addDataset({ name: "a" });
    const [id = ""] = dataset.addItems([
      {
        data: new RawJson(
          '{"input": 12345678901234567890, "expected_output": [1.0], "metadata": null, "__proto__": 1}',
        ),
      },
    ]);
    dataset.updateItem(id, { tags: ["x"], inputs: { own: true } });
    await sync();
    const [row] = await database.query(`SELECT * FROM opik_dataset_item`);
    expect(compact(row?.["inputs"])).toBe('{"own":true}');
    expect(compact(row?.["outputs"])).toBe("[1.0]");
    expect(row?.["metadata"]).toBeNull();
    expect(compact(row?.["tags"])).toBe('["x"]');
    expect(compact(row?.["data"])).toContain("12345678901234567890");
    expect(compact(row?.["raw"])).toContain("__proto__");
    expect(row?.["trace_id"]).toBeNull();
  });

  test("only changed datasets are read again, and removed items are marked as deleted", async () => {
    fill(5, 4);
    await sync();
    const [changed, removed] = opik.workspace.datasets;
    const [first] = changed?.itemsAt(1) ?? [];
    changed?.deleteItems([String(first?.item.id)]);
    changed?.addItems([{ data: { input: "new" } }]);
    if (removed) opik.workspace.deleteDataset(removed.id);
    opik.requests.length = 0;
    const { counts } = await sync();
    expect(new Set(itemRequests())).toEqual(
      new Set([`/v1/private/datasets/${changed?.id ?? ""}/items`]),
    );
    expect(counts.get("opik_dataset")).toMatchObject({ updated: 1, deleted: 1 });
    expect(counts.get("opik_dataset_item")).toMatchObject({ inserted: 1, updated: 0, deleted: 5 });
    expect(await storedIds()).toEqual(serverIds(opik.workspace));
  });

  test("deleted projects are marked as deleted until they come back", async () => {
    const { id } = opik.workspace.addProject({ name: "gone" });
    opik.workspace.addProject({ name: "stays" });
    await sync();
    opik.workspace.deleteProject(id);
    expect((await sync()).counts.get("opik_project")).toMatchObject({ deleted: 1, unchanged: 1 });
    opik.workspace.addProject({ name: "gone", id });
    expect((await sync()).counts.get("opik_project")).toMatchObject({
      updated: 1,
      unchanged: 1,
      deleted: 0,
    });
    expect(await database.query(`SELECT project_id FROM opik_project WHERE _deleted`)).toEqual([]);
  });

  test("a version that grows in place is read again despite its unchanged hash", async () => {
    fill(2, 3);
    await sync();
    opik.workspace.datasets[0]?.addItems([{ data: { input: "late" } }], { inPlace: true });
    expect((await sync()).counts.get("opik_dataset_item")).toMatchObject({ inserted: 1 });
    expect(await storedIds()).toEqual(serverIds(opik.workspace));
  });

  test("an edit in place without any sign of it is found by the rescan", async () => {
    fill(1, 3);
    await sync();
    const [dataset] = opik.workspace.datasets;
    const id = String(dataset?.itemsAt(1)[0]?.item.id);
    dataset?.updateItem(id, { description: "edited" }, { inPlace: true });
    const later = new Date(Date.now() + 8 * 86_400_000);
    expect((await sync({}, { startedAt: later })).counts.get("opik_dataset_item")).toMatchObject({
      updated: 1,
    });
  });

  test("a full refresh reads everything, writes only changes, and finds deleted datasets", async () => {
    fill(3, 4);
    await sync();
    const [removed] = opik.workspace.datasets;
    if (removed) opik.workspace.deleteDataset(removed.id);
    const { counts } = await sync({}, { fullRefresh: true });
    expect(counts.get("opik_dataset_item")).toMatchObject({
      inserted: 0,
      updated: 0,
      unchanged: 8,
      deleted: 4,
    });
    expect(await storedIds()).toEqual(serverIds(opik.workspace));
  });

  test("a write between two pages does not mix two versions", async () => {
    fill(1, 30);
    const [dataset] = opik.workspace.datasets;
    let writes = 0;
    opik.faults.onPage = ({ path }) => {
      if (!path.endsWith("/items") || writes > 0) return;
      writes += 1;
      const newest = dataset?.itemsAt(1).slice(0, 5) ?? [];
      dataset?.deleteItems(newest.map(({ item }) => item.id));
    };
    await sync({ page_size: 10 });
    expect(writes).toBe(1);
    expect(await storedIds()).toHaveLength(30);
    await sync({ page_size: 10 });
    expect(await storedIds()).toEqual(serverIds(opik.workspace));
  });

  test("inserts that shift the list of projects during the read lose and delete nothing", async () => {
    for (let p = 0; p < 30; p += 1) opik.workspace.addProject({ name: `project ${p}` });
    await sync({ page_size: 10 });
    let writes = 0;
    opik.faults.onPage = ({ path }) => {
      if (path.endsWith("/projects") && writes++ < 2)
        opik.workspace.addProject({ name: `late ${writes}` });
    };
    const { counts } = await sync({ page_size: 10 });
    expect(counts.get("opik_project")).toMatchObject({ deleted: 0 });
    const rows = await database.query(`SELECT count(*) AS n FROM opik_project WHERE NOT _deleted`);
    expect(Number(rows[0]?.["n"])).toBe(opik.workspace.projects.length);
  });

  test("deletes that shift the list of projects during the read mark no other project", async () => {
    for (let p = 0; p < 30; p += 1) opik.workspace.addProject({ name: `project ${p}` });
    await sync({ page_size: 10 });
    let left = 1;
    opik.faults.onPage = ({ path }) => {
      const [newest] = opik.workspace.projects;
      if (path.endsWith("/projects") && left-- > 0 && newest)
        opik.workspace.deleteProject(newest.id);
    };
    // The first one deletes a project that was shown just before.
    await sync({ page_size: 10 });
    await sync({ page_size: 10 });
    const rows = await database.query(
      `SELECT project_id FROM opik_project WHERE NOT _deleted ORDER BY project_id`,
    );
    expect(rows.map(({ project_id }) => String(project_id)).sort()).toEqual(
      opik.workspace.projects.map(({ id }) => id).sort(),
    );
  });

  test("a sync waits for a rate limit that says when it ends", async () => {
    fill(2, 3);
    opik.faults.rateLimit = { allow: 2, refuse: 1, resetSeconds: 0 };
    const { status, transfer } = await sync();
    expect(status).toBe("completed");
    expect(transfer.retries).toBeGreaterThan(0);
    expect(await storedIds()).toEqual(serverIds(opik.workspace));
  });

  test("a dataset that fails is quarantined, the others are copied, and the next sync retries it", async () => {
    fill(4, 3);
    const [broken] = opik.workspace.datasets;
    opik.faults.brokenDataset = broken?.id ?? "";
    const first = await sync({ retry_attempts: 0, concurrency: 1 });
    expect(first.status).toBe("partial");
    expect(await storedIds()).toHaveLength(9);
    const [entry] = await database.query(`SELECT * FROM _rivulet_quarantine`);
    expect(entry).toMatchObject({
      stream: "opik_dataset_item",
      key: JSON.stringify({ partition: broken?.id }),
    });
    expect(String(entry?.["reason"])).toMatch(/500/);
    delete opik.faults.brokenDataset;
    const second = await sync();
    expect(second.status).toBe("completed");
    expect(await storedIds()).toEqual(serverIds(opik.workspace));
    expect(await database.query(`SELECT * FROM _rivulet_quarantine`)).toEqual([]);
  });

  test("a server that always fails ends in a failed sync, not in quarantine", async () => {
    fill(6, 2);
    const intercept = opik.faults;
    intercept.latencyMs = 0;
    await using failing = await startOpik({
      workspace: opik.workspace,
      intercept(request, response, next) {
        if (request.url?.includes("/items")) response.writeHead(500).end("{}");
        else next();
      },
    });
    const summary = await syncOpik(
      { url: failing.url, destination: database.url },
      { retry_attempts: 0 },
    );
    expect(summary.status).toBe("failed");
    expect([...summary.failures.keys()]).toEqual(["opik_dataset_item"]);
    expect(summary.counts.get("opik_dataset")).toMatchObject({ inserted: 6 });
  });

  test("no row is lost if the server caps the page size", async () => {
    fill(2, 35);
    opik.faults.pageSizeCap = 10;
    await sync({ page_size: 500 });
    expect(await storedIds()).toEqual(serverIds(opik.workspace));
  });

  test("an empty response without a total deletes nothing", async () => {
    fill(1, 3);
    await sync();
    let emptied: RegExp | undefined;
    await using forgetful = await startOpik({
      workspace: opik.workspace,
      intercept(request, response, next) {
        if (emptied?.test(request.url ?? "")) response.end('{"content":[]}');
        else next();
      },
    });
    for (const path of [/\/datasets\?/, /\/items\?/]) {
      emptied = path;
      const target = { url: forgetful.url, destination: database.url };
      // Another URL would be another identity, so the saved state is adjusted.
      await database.query(
        `UPDATE _rivulet_state SET checkpoint = replace(checkpoint, '${opik.url}', '${forgetful.url}')`,
      );
      const { counts } = await syncOpik(target, {}, { fullRefresh: true });
      expect(counts.get("opik_dataset_item")).toMatchObject({ deleted: 0 });
      expect(await storedIds()).toHaveLength(3);
      await database.query(
        `UPDATE _rivulet_state SET checkpoint = replace(checkpoint, '${forgetful.url}', '${opik.url}')`,
      );
    }
  });

  test("a dataset that shifts out of the list during the read keeps its items", async () => {
    fill(4, 2);
    await sync();
    let left = 1;
    opik.faults.onPage = ({ path }) => {
      if (!path.endsWith("/datasets") || left-- <= 0) return;
      const [newest] = opik.workspace.datasets;
      if (newest) opik.workspace.deleteDataset(newest.id);
      opik.workspace.addDataset({ name: "another" });
    };
    const { counts } = await syncOpik(
      { url: opik.url, destination: database.url },
      { page_size: 2 },
      { fullRefresh: true },
    );
    delete opik.faults.onPage;
    expect(counts.get("opik_dataset_item")?.deleted).toBeLessThanOrEqual(2);
    await sync();
    expect(await storedIds()).toEqual(serverIds(opik.workspace));
  });

  test("rows of a dataset deleted after a state reset are marked as deleted", async () => {
    fill(3, 2);
    await sync();
    await database.query("DELETE FROM _rivulet_state WHERE stream <> ''");
    const [removed] = opik.workspace.datasets;
    if (removed) opik.workspace.deleteDataset(removed.id);
    await sync();
    expect(await storedIds()).toEqual(serverIds(opik.workspace));
  });

  test("rows of a dataset missing from the state are marked as deleted by the rescan", async () => {
    fill(3, 2);
    await sync();
    const state = await database.query("SELECT * FROM _rivulet_state WHERE stream <> ''");
    const { id } = opik.workspace.addDataset({ name: "short" });
    opik.workspace.datasets[0]?.addItems([{ data: { input: 1 } }]);
    await sync();
    const partitions = state.map(({ partition }) => `'${String(partition)}'`).join(", ");
    await database.query(
      `DELETE FROM _rivulet_state WHERE stream = 'opik_dataset_item' AND partition NOT IN (${partitions})`,
    );
    opik.workspace.deleteDataset(id);
    await sync({}, { startedAt: new Date(Date.now() + 8 * 86_400_000) });
    expect(await storedIds()).toEqual(serverIds(opik.workspace));
  });

  test("rows of a dataset missing from a restored backup of the state are marked as deleted", async () => {
    fill(3, 2);
    await sync();
    const backup = await database.query("SELECT * FROM _rivulet_state WHERE stream <> ''");
    const dataset = opik.workspace.addDataset({ name: "short" });
    dataset.addItems([{ data: { input: 1 } }]);
    await sync();
    await database.query("DELETE FROM _rivulet_state WHERE stream <> ''");
    for (const row of backup) {
      const values = Object.values(row).map((value) =>
        value === null ? "NULL" : `'${value as string}'`,
      );
      await database.query(`INSERT INTO _rivulet_state VALUES (${values.join(", ")})`);
    }
    opik.workspace.deleteDataset(dataset.id);
    await sync();
    expect(await storedIds()).toEqual(serverIds(opik.workspace));
    opik.requests.length = 0;
    await sync();
    expect(itemRequests()).toEqual([]);
  });

  test("an item that names another dataset belongs to the one it was read from", async () => {
    const dataset = opik.workspace.addDataset({ name: "a" });
    dataset.addItems([{ data: { input: 1 }, dataset_id: "elsewhere" }]);
    await sync();
    await sync({}, { fullRefresh: true });
    const rows = await database.query(
      "SELECT dataset_id, raw FROM opik_dataset_item WHERE NOT _deleted",
    );
    expect(rows).toMatchObject([{ dataset_id: dataset.id }]);
    expect(compact(rows[0]?.["raw"])).toContain('"dataset_id":"elsewhere"');
  });

  test("a dataset deleted between its listing and its items is no failure", async () => {
    fill(2, 2);
    let left = 1;
    opik.faults.onPage = ({ path }) => {
      const [newest] = opik.workspace.datasets;
      if (path.endsWith("/items") && left-- > 0 && newest) opik.workspace.deleteDataset(newest.id);
    };
    const { status } = await sync({ concurrency: 1 });
    expect(status).toBe("completed");
    expect((await sync()).status).toBe("completed");
    expect(await storedIds()).toEqual(serverIds(opik.workspace));
  });

  test("changing inputs_keys reads unchanged datasets again", async () => {
    const dataset = opik.workspace.addDataset({ name: "a" });
    dataset.addItems([{ data: { question: "why?" } }]);
    await sync();
    await sync({ inputs_keys: ["question"] });
    expect(await database.query("SELECT inputs FROM opik_dataset_item")).toEqual([
      { inputs: '"why?"' },
    ]);
  });

  test("an item leaves quarantine when it is fixed or deleted", async () => {
    const dataset = opik.workspace.addDataset({ name: "a" });
    dataset.addItems(Array.from({ length: 5 }, (_, n) => ({ data: { input: n } })));
    const [bad = ""] = dataset.addItems([{ data: { input: "?" }, created_at: "yesterday" }]);
    expect((await sync()).status).toBe("partial");
    dataset.updateItem(bad, { created_at: "2026-01-01T00:00:00Z" });
    expect((await sync()).status).toBe("completed");
    dataset.updateItem(bad, { created_at: "tomorrow" });
    expect((await sync()).status).toBe("partial");
    dataset.deleteItems([bad]);
    expect((await sync()).status).toBe("completed");
    expect(await database.query("SELECT * FROM _rivulet_quarantine")).toEqual([]);
  });

  test("a dataset that failed leaves quarantine when it is deleted", async () => {
    fill(3, 2);
    const broken = opik.workspace.datasets[0]?.id ?? "";
    opik.faults.brokenDataset = broken;
    expect((await sync({ retry_attempts: 0 })).status).toBe("partial");
    opik.workspace.deleteDataset(broken);
    delete opik.faults.brokenDataset;
    expect((await sync()).status).toBe("completed");
  });

  test("the documented response shape is read: items, no total, top-level inputs", async () => {
    const dataset = opik.workspace.addDataset({ name: "seed" });
    dataset.addItems(
      Array.from({ length: 25 }, (_, i) => ({
        data: { input: i, output: `o${i}`, metadata: { i } },
      })),
    );
    opik.workspace.addProject({ name: "p" });
    opik.faults.documentedShape = true;
    await sync({ page_size: 10 });
    expect(await storedIds()).toEqual(serverIds(opik.workspace));
    const rows = await database.query(
      `SELECT * FROM opik_dataset_item WHERE inputs IS NULL OR outputs IS NULL OR metadata IS NULL`,
    );
    expect(rows).toEqual([]);
  });

  test("an endpoint that ignores paging is read once", async () => {
    fill(1, 25);
    opik.faults.documentedShape = true;
    opik.faults.ignorePaging = true;
    await sync({ page_size: 10 });
    expect(await storedIds()).toEqual(serverIds(opik.workspace));
  });

  test("new fields are reported once per stream and sync, and kept in raw", async () => {
    opik.workspace.addProject({ name: "a", mood: "sunny" });
    opik.workspace.addProject({ name: "b", mood: "rainy" });
    const warnings: string[] = [];
    await sync({}, { warn: (message) => warnings.push(message) });
    expect(warnings.filter((message) => message.includes("mood"))).toHaveLength(1);
    const rows = await database.query(`SELECT raw FROM opik_project`);
    expect(rows.map(({ raw }) => compact(raw)).join()).toMatch(/sunny/);
  });
});

describe.each(databases)("a server without versions, on %s", (_name, newDatabase) => {
  let database: TestDatabase;
  let opik: Opik;
  beforeEach(async () => {
    database = await newDatabase();
    opik = await startOpik({ workspace: new OpikWorkspace({ versioned: false }) });
    const dataset = opik.workspace.addDataset({ name: "old" });
    dataset.addItems(Array.from({ length: 120 }, (_, n) => ({ data: { input: n } })));
  });
  afterEach(async () => {
    await opik[Symbol.asyncDispose]();
    await database.drop();
  });

  const sync = (...[config, options]: Options) =>
    syncOpik({ url: opik.url, destination: database.url }, { page_size: 50, ...config }, options);

  async function count(): Promise<number> {
    const [row] = await database.query(
      `SELECT count(*) AS n FROM opik_dataset_item WHERE NOT _deleted`,
    );
    return Number(row?.["n"]);
  }

  test("is read by pages that prove that deletes did not shift them", async () => {
    let left = 1;
    opik.faults.onPage = ({ path }) => {
      const [dataset] = opik.workspace.datasets;
      if (!path.endsWith("/items") || left-- <= 0) return;
      dataset?.deleteItems(
        dataset
          .itemsAt(1)
          .slice(0, 10)
          .map(({ item }) => item.id),
      );
    };
    await sync();
    delete opik.faults.onPage;
    // Without a count, only a second look after some time proves that items are gone.
    await sync({}, { startedAt: new Date(Date.now() + 16 * 60_000) });
    expect(await count()).toBe(110);
  });

  test("is read again by each sync, because nothing shows a change", async () => {
    await sync();
    const [dataset] = opik.workspace.datasets;
    const id = String(dataset?.itemsAt(1)[0]?.item.id);
    dataset?.updateItem(id, { description: "edited" });
    expect((await sync()).counts.get("opik_dataset_item")).toMatchObject({ updated: 1 });
  });

  test("may have two datasets of the same name", async () => {
    const other = opik.workspace.addDataset({ name: "old" });
    other.addItems([{ data: { input: "other" } }]);
    await sync();
    expect(await count()).toBe(121);
  });
});
