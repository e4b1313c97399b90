import { describe, expect, test } from "vitest";
import type { OpikDataset } from "../../../src/emulators/opik/dataset.ts";
import type { Opik } from "../../support/opik.ts";
import { dataOf, useEmulator, type EmulatorClient } from "./client.ts";

let opik: Opik;
let dataset: OpikDataset;
let ids: readonly string[];
let client: EmulatorClient;

useEmulator((started) => {
  ({ opik, client } = started);
  dataset = opik.workspace.addDataset({ name: "d" });
  ids = dataset.addItems([0, 1, 2, 3, 4].map((n) => ({ data: { n } })));
});

const shown = async (): Promise<number> => {
  const { total, content } = await client.items(dataset.id);
  expect(content).toHaveLength(total);
  return total;
};

describe("replicaLag", () => {
  test("shows a part of a new version, with a total that is as short", async () => {
    opik.faults.replicaLag = { shows: 3 };

    expect(await shown()).toBe(3);
    expect(await client.stream({ dataset_name: "d" })).toHaveLength(3);
    expect(await client.latest(dataset.id)).toMatchObject({ items_total: 5 });
    expect(await client.json(`/datasets/${dataset.id}`)).toMatchObject({ dataset_items_count: 5 });
    opik.faults.replicaLag = { shows: (items) => items - 1 };
    expect(await shown()).toBe(4);
    opik.faults.replicaLag = {};
    expect(await shown()).toBe(0);
  });

  test("ends when a time has passed since the write", async () => {
    opik.faults.replicaLag = { forMs: 60_000 };

    expect(await shown()).toBe(0);
    opik.workspace.clock.advance(60_000);
    expect(await shown()).toBe(5);
  });

  test("ends after a number of answers", async () => {
    opik.faults.replicaLag = { answers: 2 };

    expect([await shown(), await shown(), await shown()]).toEqual([0, 0, 5]);
  });

  test("ends after a random time, which is the same for the same seed", async () => {
    const answers = async (seed: number) => {
      opik.faults.replicaLag = { forMs: { below: 60_000, seed } };
      const { nowMs } = opik.workspace.clock;
      let waited = 0;
      for (; (await shown()) === 0; waited += 1000) opik.workspace.clock.advance(1000);
      opik.workspace.clock.set(new Date(nowMs).toISOString());
      return waited;
    };
    const first = await answers(1);

    expect(first).toBeLessThanOrEqual(60_000);
    expect(await answers(1)).toBe(first);
    expect(await answers(2)).not.toBe(first);
  });

  test("shows the old content of what was written in place", async () => {
    opik.workspace.clock.advance(60_000);
    opik.faults.replicaLag = { forMs: 30_000 };
    dataset.updateItem(ids[0] ?? "", { data: "new" }, { inPlace: true });
    const oldest = async () => dataOf((await client.items(dataset.id)).content).at(-1);

    expect(await oldest()).toEqual({ n: 0 });
    opik.workspace.clock.advance(30_000);
    expect(await oldest()).toBe("new");
  });

  test("can hit a single dataset", async () => {
    opik.faults.replicaLag = { dataset: "another" };

    expect(await shown()).toBe(5);
  });
});

test("wrongTotal and inflatedCount change numbers, and no rows", async () => {
  opik.faults.wrongTotal = { dataset: dataset.id, by: 1 };
  opik.faults.inflatedCount = { by: 7 };

  const { total, content } = await client.items(dataset.id);

  expect([total, content.length]).toEqual([6, 5]);
  expect(await client.latest(dataset.id)).toMatchObject({ items_total: 12 });
  expect(await client.json(`/datasets/${dataset.id}`)).toMatchObject({ dataset_items_count: 12 });
  opik.faults.wrongTotal = { dataset: "another", by: 1 };
  expect((await client.items(dataset.id)).total).toBe(5);
});

describe("undeliverable", () => {
  const pageText = async (query: string) =>
    await (await client.send(`/datasets/${dataset.id}/items?${query}`)).text();

  test("breaks each page with the item, and no other", async () => {
    opik.faults.undeliverable = { item: ids[2] ?? "", how: "status" };
    const status = (query: string) => client.status(`/datasets/${dataset.id}/items?${query}`);

    expect(await status("size=5")).toBe(500);
    expect(await status("size=2&page=1")).toBe(200);
    expect(await status("size=2&page=2")).toBe(500);
    expect([await status("size=1&page=3"), await status("size=1&page=4")]).toEqual([500, 200]);
    expect(dataOf(await client.stream({ dataset_name: "d" }))).toEqual([{ n: 4 }, { n: 3 }]);
  });

  test("can send NaN or broken JSON instead", async () => {
    opik.faults.undeliverable = { item: ids[2] ?? "", how: "nan" };
    expect(await pageText("size=5")).toContain(":NaN}");
    opik.faults.undeliverable = { item: ids[2] ?? "", how: "brokenJson" };
    const text = await pageText("size=5");
    expect(() => {
      JSON.parse(text);
    }).toThrow(SyntaxError);
    expect(JSON.parse(await pageText("size=2"))).toMatchObject({ size: 2 });
  });
});

describe("redaction", () => {
  const permission = async () =>
    JSON.stringify(await client.json("/workspace-permissions")).includes(
      '"trace_original_data_view","permissionValue":"true"',
    );

  test("hides values from a caller without the permission", async () => {
    dataset.addItems([{ data: { input: "secret", other: 1 } }], { inPlace: true });
    const newest = async () => dataOf((await client.items(dataset.id)).content)[0];

    opik.faults.redaction = { fields: ["input"], permission: "granted" };
    expect([await permission(), await newest()]).toEqual([true, { input: "secret", other: 1 }]);
    opik.faults.redaction = { fields: ["input"], permission: "lost" };
    expect([await permission(), await newest()]).toEqual([
      false,
      { input: "[REDACTED]", other: 1 },
    ]);
    opik.faults.redaction = { fields: ["input"], permission: "lookUpFails" };
    expect(await newest()).toEqual({ input: "[REDACTED]", other: 1 });
    expect(await client.status("/workspace-permissions")).toBe(500);
    expect(dataOf(await client.stream({ dataset_name: "d" }))[0]).toMatchObject({ other: 1 });
  });
});

test("missingObjects are in lists, but not on their own", async () => {
  const project = opik.workspace.addProject({ name: "p" });
  opik.faults.missingObjects = [dataset.id, project.id];

  expect(await client.names("/datasets")).toEqual(["d"]);
  expect(await client.names("/projects")).toEqual(["p"]);
  const paths = ["", "/items", "/versions"].map((path) => `/datasets/${dataset.id}${path}`);
  for (const path of [...paths, `/projects/${project.id}`])
    expect(await client.status(path)).toBe(404);
});

test("emptyStreams leaves the pages as they are", async () => {
  const stream = async () => (await client.stream({ dataset_name: "d" })).length;

  opik.faults.emptyStreams = "withoutProject";
  expect([await stream(), await shown()]).toEqual([0, 5]);
  opik.workspace.updateDataset(dataset.id, { project_id: "p" });
  expect(await stream()).toBe(5);
  opik.faults.emptyStreams = "all";
  expect(await stream()).toBe(0);
});

describe("rowIds", () => {
  const ids = async () => (await client.items(dataset.id)).content.map(({ id }) => String(id));

  test("gives an item another id in each version, and keeps dataset_item_id", async () => {
    const own = await ids();
    opik.faults.rowIds = true;
    const rows = await ids();
    const { content } = await client.items(dataset.id);
    dataset.addItems([{ data: 5 }]);
    const later = await ids();

    expect(rows.filter((id) => own.includes(id) || later.includes(id))).toEqual([]);
    expect(content.map((item) => item["dataset_item_id"]).sort()).toEqual(own.sort());
    expect(rows).toEqual(rows.toSorted().reverse());
    expect(rows).toEqual(content.map(({ id }) => id));
  });

  test("gives the stream cursors of rows", async () => {
    opik.faults.rowIds = true;
    const first = await client.stream({ dataset_name: "d", steam_limit: 2 });
    const last_retrieved_id = first[1]?.["id"];
    const rest = await client.stream({ dataset_name: "d", last_retrieved_id });

    expect([...first, ...rest].map(({ id }) => id)).toEqual(await ids());
  });
});
