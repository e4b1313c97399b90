import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { OpikWorkspace } from "../../../src/emulators/opik/workspace.ts";
import { RawJson } from "../../../src/emulators/raw-json.ts";
import { startOpik } from "../../support/opik.ts";
import type { Opik } from "../../support/opik.ts";

let opik: Opik;

beforeEach(async () => {
  opik = await startOpik();
});

afterEach(async () => {
  await opik[Symbol.asyncDispose]();
});

describe("lists", () => {
  test("report the number of rows sent as `size`, not the number requested", async () => {
    opik.workspace.addProject({ name: "only" });

    expect(await page("/projects?size=500")).toMatchObject({ size: 1, total: 1 });
    expect(await page("/projects?size=500&page=2")).toMatchObject({
      page: 2,
      size: 0,
      total: 1,
      content: [],
    });
  });

  test("have no maximum size", async () => {
    addItems(3000);

    expect((await page(`${itemsPath()}?size=3000`)).content).toHaveLength(3000);
  });

  test("reject a page or a size below 1", async () => {
    expect(await statusAndBody("/projects?page=0")).toEqual([
      400,
      { errors: ["query param page must be greater than or equal to 1"] },
    ]);
    expect((await statusAndBody("/datasets?size=-1"))[0]).toBe(400);
    expect((await statusAndBody("/datasets?size=ten"))[0]).toBe(404);
  });

  test("sort by the first sortable field, timestamps by time, and ignore other fields", async () => {
    const early = opik.workspace.addProject({ name: "b", created_at: "2025-01-01T00:00:00Z" }).id;
    const late = opik.workspace.addProject({ name: "A", created_at: "2025-01-01T00:00:00.5Z" }).id;

    const ids = async (field: string, direction: string) =>
      idsOf((await page(`/projects?sorting=${json([{ field, direction }])}`)).content);

    expect(await ids("created_at", "ASC")).toEqual([early, late]);
    expect(await ids("name", "DESC")).toEqual([early, late]);
    expect(await ids("colour", "ASC")).toEqual([late, early]);
    expect((await page("/projects")).sortableBy).toContain("last_updated_at");
  });

  test("find names that contain the parameter, ignoring case", async () => {
    for (const name of ["Support bot", "rag"]) opik.workspace.addDataset({ name });

    expect((await page("/datasets?name=BOT")).content).toMatchObject([{ name: "Support bot" }]);
  });

  test("filter by time, and reject an unknown filter", async () => {
    opik.workspace.addDataset({ name: "old", last_updated_at: "2024-01-01T00:00:00Z" });
    opik.workspace.addDataset({ name: "new", last_updated_at: "2026-01-01T00:00:00.1Z" });
    const filter = (field: string) =>
      `/datasets?filters=${json([{ field, operator: ">=", value: "2026-01-01T00:00:00Z" }])}`;

    expect((await page(filter("last_updated_at"))).content).toMatchObject([{ name: "new" }]);
    expect((await statusAndBody(filter("colour")))[0]).toBe(400);
  });

  test("omit null members", async () => {
    opik.workspace.addProject({ name: "p", description: null });

    const [project] = (await page("/projects")).content;

    expect(project).toMatchObject({ name: "p", created_by: "ada" });
    expect(project).not.toHaveProperty("description");
  });

  test("send raw JSON byte for byte", async () => {
    const name = String.raw`"\ud800\u0000 ` + `é/\u2028"`;
    const data = String.raw`{"n":12345678901234567890,"f":1.0,"e":1e400,"n":2,"__proto__":{"a":1}}`;
    opik.workspace.addProject({ name: new RawJson(name) });
    opik.workspace.addDataset({ name: "d" }).addItems([{ data: new RawJson(data) }]);

    expect(await text("/projects")).toContain(`"name":${name}`);
    expect(await text(itemsPath())).toContain(`"data":${data}`);
    expect(await streamText({ dataset_name: "d" })).toContain(`"data":${data}`);
  });

  test("are compressed for a client that accepts gzip", async () => {
    addItems(50);

    const plain = await fetch(url(itemsPath()), { headers: { "accept-encoding": "identity" } });
    const compressed = await fetch(url(itemsPath()), { headers: { "accept-encoding": "gzip" } });

    expect(plain.headers.get("content-encoding")).toBeNull();
    expect(compressed.headers.get("content-encoding")).toBe("gzip");
    expect(await compressed.text()).toBe(await plain.text());
  });

  test("are also served under /api", async () => {
    expect((await fetch(`${opik.url}/api/v1/private/projects`)).status).toBe(200);
    expect((await fetch(`${opik.url}/api/is-alive/ping`)).status).toBe(200);
  });

  test("answer 404 for an unknown id, 405 for another method", async () => {
    expect(await statusAndBody(`/datasets/${unknownId}`)).toEqual([
      404,
      { code: 404, message: "Dataset not found" },
    ]);
    expect(await statusAndBody(`/projects/${unknownId}`)).toEqual([
      404,
      { code: 404, message: "Project not found" },
    ]);
    expect((await statusAndBody("/projects", { method: "POST" }))[0]).toBe(405);
  });
});

test("a dataset that does not exist has no items, no versions and an empty stream", async () => {
  expect(await page(`/datasets/${unknownId}/items`)).toMatchObject({ total: 0, content: [] });
  expect(await page(`/datasets/${unknownId}/versions`)).toMatchObject({ total: 0, content: [] });
  expect((await statusAndBody(`/datasets/${unknownId}/items?version=latest`))[0]).toBe(404);
  expect(await streamText({ dataset_name: "nowhere" })).toBe("");
  addItems(1);
  expect(await streamText({ dataset_name: "d", dataset_version: "01234567" })).toBe("");
});

describe("dataset versions", () => {
  test("are created by every write, and old ones can still be read", async () => {
    const dataset = opik.workspace.addDataset({ name: "d" });
    const [a = "", b = ""] = dataset.addItems([{ data: 1 }, { data: 2 }]);
    dataset.updateItem(a, { data: "changed" });
    dataset.deleteItems([b]);
    dataset.addItems([{ data: 4 }]);

    const versions = (await page(`/datasets/${dataset.id}/versions`)).content;
    const read = await Promise.all(
      versions.map(async (v) =>
        (await items(`?version=${String(v["version_hash"])}`)).map((i) => i["data"]),
      ),
    );

    expect(versions.map((v) => v["version_name"])).toEqual(["v4", "v3", "v2", "v1"]);
    expect(versions.map((v) => v["is_latest"])).toEqual([true, false, false, false]);
    expect(versions[2]).toMatchObject({
      items_total: 2,
      items_added: 0,
      items_modified: 1,
      items_deleted: 0,
    });
    expect(versions[1]).toMatchObject({ items_total: 1, items_deleted: 1 });
    expect(read).toEqual([[4, "changed"], ["changed"], [2, "changed"], [2, 1]]);
  });

  test("appear in the dataset, but not before the first item", async () => {
    const dataset = opik.workspace.addDataset({ name: "d" });
    const before = await get(`/datasets/${dataset.id}`);
    dataset.addItems([{ data: {} }]);

    expect(before).not.toHaveProperty("latest_version");
    expect(await get(`/datasets/${dataset.id}`)).toMatchObject({
      dataset_items_count: 1,
      latest_version: { version_hash: dataset.versions[0]?.version_hash, version_name: "v1" },
    });
  });

  test("keep their hash when a write changes the latest one", async () => {
    const dataset = addItems(2);
    const [before] = (await page(`/datasets/${dataset.id}/versions`)).content;
    dataset.addItems([{ data: "third" }], { inPlace: true });
    const [after, ...others] = (await page(`/datasets/${dataset.id}/versions`)).content;

    expect(others).toEqual([]);
    expect(after?.["version_hash"]).toBe(before?.["version_hash"]);
    expect(after).toMatchObject({ items_total: 3, items_added: 3 });
    expect(await items(`?version=${String(after?.["version_hash"])}`)).toHaveLength(3);
  });

  test("are found by name, and by the tag `latest`", async () => {
    const dataset = addItems(1);
    const retrieve = (version_name: string) =>
      fetch(url(`/datasets/${dataset.id}/versions/retrieve`), post({ version_name }));

    expect(await (await retrieve("v1")).json()).toMatchObject({
      version_name: "v1",
      items_total: 1,
    });
    expect((await retrieve("v2")).status).toBe(404);
    expect((await retrieve("one")).status).toBe(422);
    expect(await items("?version=latest")).toHaveLength(1);
    expect((await statusAndBody(`${itemsPath()}?version=v1`))[0]).toBe(404);
  });

  test("do not exist on an older server", async () => {
    const workspace = new OpikWorkspace({ versioned: false });
    await using old = await startOpik({ workspace });
    const dataset = workspace.addDataset({ name: "d" });
    const [id = ""] = dataset.addItems([{ data: 1 }]);
    dataset.updateItem(id, { data: 2 });
    const textOf = async (path: string) =>
      await (await fetch(`${old.url}/v1/private${path}`)).text();

    expect(await textOf("/datasets")).not.toContain("latest_version");
    expect(await textOf(`/datasets/${dataset.id}/versions`)).toContain("404");
    expect(await textOf(`/datasets/${dataset.id}/items?version=any`)).toContain('"data":2');
  });
});

describe("dataset items", () => {
  test("come with their columns", async () => {
    opik.workspace
      .addDataset({ name: "d" })
      .addItems([{ data: { input: "q" } }, { data: { input: null } }]);

    expect(JSON.parse(await text(itemsPath()))).toMatchObject({
      columns: [{ name: "input", types: ["null", "string"], filter_field_prefix: "data" }],
      sortableBy: [],
    });
  });

  test("lose their images only if `truncate` is true", async () => {
    opik.workspace
      .addDataset({ name: "d" })
      .addItems([{ data: { image: "data:image/png;base64,AAAA" } }]);

    expect(await text(itemsPath())).toContain("base64,AAAA");
    expect(await text(`${itemsPath()}?truncate=true`)).toContain('"image":"[image]"');
  });
});

describe("the item stream", () => {
  test("filters", async () => {
    const [id = ""] = addItems(3)
      .itemsAt(1)
      .map(({ item }) => item.id);
    const filters = JSON.stringify([{ field: "id", operator: "<", value: id }]);

    expect(lines(await streamText({ dataset_name: "d", filters }))).toMatchObject([
      { data: 1 },
      { data: 0 },
    ]);
  });

  test("separates objects with CR LF, newest first, and continues below the last id", async () => {
    addItems(5);
    const body = await streamText({ dataset_name: "d", steam_limit: 3 });
    const first = lines(body);
    const rest = lines(
      await streamText({ dataset_name: "d", last_retrieved_id: first[2]?.["id"] }),
    );

    expect(body).toMatch(/^(\{.*\}\r\n){3}$/);
    expect([...first, ...rest].map((item) => item["data"])).toEqual([4, 3, 2, 1, 0]);
  });

  test("sends 2000 rows by default, and rejects a higher limit", async () => {
    addItems(2001);

    expect(lines(await streamText({ dataset_name: "d" }))).toHaveLength(2000);
    for (const steam_limit of [0, 2001]) {
      const response = await stream({ dataset_name: "d", steam_limit });
      expect([response.status, await response.json()]).toEqual([
        422,
        { errors: ["steamLimit must be between 1 and 2000"] },
      ]);
    }
  });

  test("ignores the correct spelling of its limit", async () => {
    addItems(5);

    expect(lines(await streamText({ dataset_name: "d", stream_limit: 3 }))).toHaveLength(5);
  });

  test("rejects a body without a name, and invalid JSON", async () => {
    expect((await stream({})).status).toBe(422);
    expect((await fetch(url("/datasets/items/stream"), { method: "POST", body: "{" })).status).toBe(
      400,
    );
  });

  test("mixes versions if a write comes between two pages, unless the version is pinned", async () => {
    const dataset = addItems(4);
    const pinned = dataset.versions[0]?.version_hash;
    const oldest = dataset.itemsAt(1).at(-1)?.item.id ?? "";
    const page1 = lines(await streamText({ dataset_name: "d", steam_limit: 2 }));
    const last_retrieved_id = page1[1]?.["id"];
    dataset.deleteItems([oldest]);

    const unpinned = lines(await streamText({ dataset_name: "d", last_retrieved_id }));
    const stable = lines(
      await streamText({ dataset_name: "d", last_retrieved_id, dataset_version: pinned }),
    );

    expect([unpinned.length, stable.length]).toEqual([1, 2]);
  });

  test("tells datasets with the same name apart by their project", async () => {
    for (const name of ["one", "two"]) {
      const project_id = opik.workspace.addProject({ name }).id;
      opik.workspace.addDataset({ name: "d", project_id }).addItems([{ data: name }]);
    }

    expect(lines(await streamText({ dataset_name: "d", project_name: "one" }))).toMatchObject([
      { data: "one" },
    ]);
  });
});

describe("faults", () => {
  test("streamBreak ends a 200 with a timeout line, silently, or with a dropped connection", async () => {
    addItems(5);
    const brokenStream = (how: "timeout" | "silence" | "disconnect") => {
      opik.faults.streamBreak = { afterRows: 2, how };
      return streamText({ dataset_name: "d" });
    };

    expect(lines(await brokenStream("timeout")).slice(1)).toMatchObject([
      { data: 3 },
      { code: 500, message: "Streaming operation timed out" },
    ]);
    expect(lines(await brokenStream("silence"))).toHaveLength(2);
    await expect(brokenStream("disconnect")).rejects.toThrow("terminated");
  });

  test("streamBreak does not affect a stream without further rows", async () => {
    addItems(2);
    opik.faults.streamBreak = { afterRows: 2, how: "timeout" };

    expect(lines(await streamText({ dataset_name: "d" }))).toMatchObject([
      { data: 1 },
      { data: 0 },
    ]);
  });

  test("pageSizeCap limits streams too, and leaves the total as it is", async () => {
    addItems(5);
    opik.faults.pageSizeCap = 2;

    expect(await page(`${itemsPath()}?size=100`)).toMatchObject({ size: 2, total: 5 });

    expect(lines(await streamText({ dataset_name: "d" }))).toHaveLength(2);
  });

  test("brokenDataset fails with 500 for the items of one dataset", async () => {
    const dataset = addItems(1);
    opik.faults.brokenDataset = dataset.id;

    expect((await statusAndBody(itemsPath()))[0]).toBe(500);
    expect((await stream({ dataset_name: "d" })).status).toBe(500);
    expect(await get(`/datasets/${dataset.id}`)).toMatchObject({ name: "d" });
  });

  test("missingStreamStatus removes the stream endpoint", async () => {
    opik.faults.missingStreamStatus = 405;

    expect((await stream({ dataset_name: "d" })).status).toBe(405);
  });

  test("ignorePaging sends all rows, whatever the page", async () => {
    addItems(25);
    opik.faults.ignorePaging = true;

    expect(await items("?page=3&size=10")).toHaveLength(25);
  });

  test("documentedShape sends the shape of the original connector's documentation", async () => {
    const dataset = opik.workspace.addDataset({ name: "d" });
    dataset.addItems([{ data: { input: "q", expected_output: "a", metadata: { n: 1 } } }]);
    opik.faults.documentedShape = true;

    const body = await get(itemsPath());

    expect(Object.keys(body)).toEqual(["items"]);
    expect(body["items"]).toMatchObject([
      { dataset_id: dataset.id, inputs: "q", outputs: "a", metadata: { n: 1 } },
    ]);
    expect(body["items"]).not.toMatchObject([{ data: {} }]);
  });

  test("onPage can change the workspace between two pages", async () => {
    const dataset = addItems(4);
    opik.faults.onPage = ({ rows }) => void dataset.addItems([{ data: `after ${rows}` }]);

    const first = await items("?size=2");
    const second = await items("?size=2&page=2");

    expect([...first, ...second].map((i) => i["data"])).toEqual([3, 2, 2, 1]);
  });
});

type Entity = Record<string, unknown>;

const unknownId = "01952f5e-0000-7000-8000-000000000000";

const pageShape = z.looseObject({
  page: z.number(),
  size: z.number(),
  total: z.number(),
  content: z.array(z.record(z.string(), z.unknown())),
  sortableBy: z.array(z.string()).optional(),
});

function url(path: string): string {
  return `${opik.url}/v1/private${path}`;
}

function json(value: unknown): string {
  return encodeURIComponent(JSON.stringify(value));
}

function post(body: unknown): RequestInit {
  return { method: "POST", body: JSON.stringify(body) };
}

async function text(path: string): Promise<string> {
  return await (await fetch(url(path))).text();
}

async function get(path: string): Promise<Entity> {
  return z.record(z.string(), z.unknown()).parse(JSON.parse(await text(path)));
}

async function page(path: string) {
  return pageShape.parse(await get(path));
}

async function statusAndBody(path: string, init?: RequestInit): Promise<[number, unknown]> {
  const response = await fetch(url(path), init);
  return [response.status, await response.json()];
}

/** Creates a dataset `d` and writes items to it at once, with the numbers from 0 as their data. */
function addItems(count: number) {
  const dataset = opik.workspace.addDataset({ name: "d" });
  dataset.addItems(Array.from({ length: count }, (_, data) => ({ data })));
  return dataset;
}

function itemsPath(): string {
  return `/datasets/${opik.workspace.datasets[0]?.id ?? ""}/items`;
}

async function items(query: string): Promise<Entity[]> {
  return (await page(itemsPath() + query)).content;
}

function idsOf(entities: readonly Entity[]): unknown[] {
  return entities.map(({ id }) => id);
}

function stream(body: unknown): Promise<Response> {
  return fetch(url("/datasets/items/stream"), post(body));
}

async function streamText(body: unknown): Promise<string> {
  const response = await stream(body);
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("application/octet-stream");
  return await response.text();
}

function lines(body: string): Entity[] {
  return body
    .split("\r\n")
    .filter(Boolean)
    .map((line) => z.record(z.string(), z.unknown()).parse(JSON.parse(line)));
}
