import { describe, expect, test } from "vitest";
import { newLog } from "../../../src/core/log.ts";
import type { Checkpoint, ReadOptions, StreamBatch } from "../../../src/core/source.ts";
import { cursorPages } from "../../../src/http/paging/chained-pages.ts";
import { numberedPages } from "../../../src/http/paging/numbered-pages.ts";
import { restStream, type RestDeclaration } from "../../../src/http/paging/rest-stream.ts";
import { respond, failing, inTurn } from "../../support/faults.ts";
import { testClient } from "../../support/http-client.ts";
import type { RequestHandler } from "../../../src/emulators/http-server.ts";
import { startServer } from "../../support/http-server.ts";
import { pageParams, listHandler, newRows, type ListRow } from "../../support/list-server.ts";

const declaration = {
  name: "demo_project",
  path: "projects",
  size: 10,
  columns: { project_id: "string", name: "string", updated_at: "timestamp", raw: "json" },
  primaryKey: ["project_id"],
  fields: { project_id: "id" },
} satisfies RestDeclaration;

const startedAt = new Date("2026-06-01T00:00:00Z");

interface Read {
  readonly batches: readonly StreamBatch[];
  readonly warnings: readonly string[];
  readonly queries: readonly string[];
}

async function read(
  listener: RequestHandler,
  more: Partial<RestDeclaration> = {},
  options: Partial<ReadOptions> = {},
): Promise<Read> {
  await using server = await startServer(listener);
  const warnings: string[] = [];
  const stream = restStream(testClient(server.url), { ...declaration, ...more });
  const batches: StreamBatch[] = [];
  const reading = stream.read({
    checkpoints: new Map(),
    fullRefresh: false,
    startedAt,
    signal: new AbortController().signal,
    log: newLog(({ message }) => warnings.push(message), "warning"),
    ...options,
  });
  for await (const batch of reading) batches.push(batch);
  return { batches, warnings, queries: server.requests.map(({ url }) => url.search) };
}

const named = (count: number): ListRow[] => newRows(count, (index) => ({ name: `n${index}` }));
const rowsIn = (batches: readonly StreamBatch[]) => batches.flatMap(({ rows }) => rows);
const sweepsIn = (batches: readonly StreamBatch[]) => batches.flatMap(({ sweep }) => sweep ?? []);
const keysOf = (rows: readonly ListRow[]) => rows.map(({ id }) => [id]);

test("a stream has the properties of its declaration", () => {
  const cursor = {
    column: "updated_at",
    order: "any",
    lookbackMinutes: 0,
    query: () => ({}),
  } as const;
  const client = testClient("http://localhost");
  expect(restStream(client, { ...declaration, description: "All of them", cursor })).toMatchObject({
    name: "demo_project",
    description: "All of them",
    columns: declaration.columns,
    primaryKey: ["project_id"],
    cursor: "updated_at",
  });
});

describe("a full refresh", () => {
  test("upserts every page and sweeps after the last", async () => {
    const rows = named(25);
    const { batches, warnings } = await read(listHandler(() => rows));
    expect(
      batches.map((batch) => [batch.rows.length, batch.expected, batch.sweep !== undefined]),
    ).toEqual([
      [10, 25, false],
      [10, 25, false],
      [5, 25, false],
      [0, undefined, true],
    ]);
    expect(batches[0]?.bytes).toBeGreaterThan(100);
    expect(rowsIn(batches)[24]).toEqual({
      project_id: "r24",
      name: "n24",
      updated_at: null,
      raw: '{"id":"r24","name":"n24"}',
    });
    expect(sweepsIn(batches)).toEqual([{ keys: keysOf(rows), again: false }]);
    expect(warnings).toEqual([]);
  });

  test("detects that all rows were deleted if the service counts none", async () => {
    const { batches } = await read(listHandler(() => []));
    expect(sweepsIn(batches)).toEqual([{ keys: [], again: false }]);
  });

  test("sweeps a long list in ranges, so that its keys are never in memory at once", async () => {
    const rows = newRows(25_000).map(
      ({ id }, index, all) => all[(index * 7919) % 25_000] ?? { id },
    );
    const { batches } = await read(
      listHandler(() => rows),
      { size: 5000, columns: { project_id: "string" } },
    );
    const sweeps = sweepsIn(batches);
    expect(sweeps.map(({ keys }) => keys.length)).toEqual([10_000, 10_000, 5000]);
    expect(new Set(sweeps.flatMap(({ keys }) => keys.flat())).size).toBe(25_000);
    expect(batches.at(-1)?.checkpoint).toMatchObject({ believed: 25_000 });
  });

  test.each(['{"id":["r1"]}', '{"id":{}}', '{"name":"n1"}', '"r1"', "null"])(
    "sweeps nothing after an object without a key, which may be any row: %s",
    async (odd) => {
      const body = `[{"id":"r0"},${odd}]`;
      const { batches, warnings } = await read(respond(body));
      expect(rowsIn(batches).map(({ project_id }) => project_id)).toEqual(["r0"]);
      expect(batches.flatMap(({ rejected = [] }) => rejected)).toHaveLength(1);
      expect(sweepsIn(batches)).toEqual([]);
      expect(warnings).toContain(
        "demo_project: an object has no key and may be any row; nothing was marked as deleted",
      );
    },
  );

  test("sweeps nothing after an empty list without a total", async () => {
    const { batches, warnings } = await read(respond([]));
    expect(sweepsIn(batches)).toEqual([]);
    expect(warnings).toHaveLength(1);
  });

  test("reads again if the list changes, and sweeps by the last listing", async () => {
    let rows = named(30);
    let listings = 0;
    const list = listHandler(() => rows);
    const { batches, warnings } = await read((request, response) => {
      void list(request, response);
      if (pageParams(request).page === 1 && (listings += 1) < 3) rows = rows.slice(1);
    });
    expect(listings).toBe(3);
    expect(sweepsIn(batches)).toEqual([{ keys: keysOf(rows), again: true }]);
    expect(warnings).toEqual([]);
  });

  test("reads again if only the total changes", async () => {
    const rows = named(25);
    const list = listHandler(() => rows);
    const { batches } = await read((request, response) => {
      void list(request, response);
      if (pageParams(request).page === 1 && rows.length === 25)
        rows.push({ id: "r25", name: "n25" });
    });
    expect(sweepsIn(batches)).toEqual([{ keys: keysOf(rows), again: true }]);
  });

  test("sweeps nothing if the list never stops changing, and warns once", async () => {
    let rows = named(30);
    const list = listHandler(() => rows);
    const { batches, warnings } = await read((request, response) => {
      void list(request, response);
      if (pageParams(request).page === 1) rows = rows.slice(1);
    });
    expect(sweepsIn(batches)).toEqual([]);
    expect(warnings).toEqual([
      "demo_project: the list changed during each of 3 reads; the next sync detects deleted rows",
    ]);
    expect(rowsIn(batches).length).toBeGreaterThan(80);
  });

  test("fails after three reads if the service counts more rows than it returns", async () => {
    const content = [...named(9), ...named(1)];
    await expect(read(respond({ total: 10, content }))).rejects.toThrow(
      "the service counts 1 more than it returned; run the sync again",
    );
  });

  test("sweeps nothing if it fails", async () => {
    const rows = named(30);
    const batches: StreamBatch[] = [];
    await using server = await startServer((request, response) =>
      (pageParams(request).page === 3 ? failing(404) : listHandler(() => rows))(request, response),
    );
    const stream = restStream(testClient(server.url), declaration).read({
      checkpoints: new Map(),
      fullRefresh: false,
      startedAt,
      signal: new AbortController().signal,
      log: newLog(() => undefined),
    });
    const reading = async (): Promise<void> => {
      for await (const batch of stream) batches.push(batch);
    };
    await expect(reading()).rejects.toThrow("404");
    expect(rowsIn(batches)).toHaveLength(20);
    expect(sweepsIn(batches)).toEqual([]);
  });

  test("stops with the reason of the signal", async () => {
    const controller = new AbortController();
    const reason = new Error("stopped");
    const list = listHandler(() => named(30));
    const reading = read(
      (request, response) => {
        if (pageParams(request).page === 2) controller.abort(reason);
        return list(request, response);
      },
      {},
      { signal: controller.signal },
    );
    await expect(reading).rejects.toBe(reason);
  });
});

describe("an object that cannot become a row", () => {
  test("is rejected whole, under a key that is stable across syncs; the others are read", async () => {
    const content = [
      { id: "a", name: "n" },
      5,
      { name: "no id" },
      { id: null },
      { id: "b", name: "n" },
    ];
    const list = respond({ total: 5, content });
    const { batches } = await read(list);
    expect(rowsIn(batches).map((row) => row["project_id"])).toEqual(["a", "b"]);
    const rejected = batches.flatMap(({ rejected = [] }) => rejected);
    expect(rejected).toMatchObject([
      { payload: "5", reason: "expected a JSON object" },
      { payload: '{"name":"no id"}', reason: "expected a value in each of project_id" },
      { payload: '{"id":null}', reason: "expected a value in each of project_id" },
    ]);
    expect(new Set(rejected.map(({ key }) => key)).size).toBe(3);
    expect((await read(list)).batches[0]?.rejected).toEqual(rejected);
    expect(sweepsIn(batches)).toEqual([]);
  });

  test("because it is too large is also rejected, and nothing is swept", async () => {
    const rows = newRows(4, (index) => ({ name: "x".repeat(index === 2 ? 300 : 1) }));
    await using server = await startServer(listHandler(() => rows));
    const client = testClient(server.url);
    const pages: RestDeclaration["pages"] = (_client, list) =>
      numberedPages(client, { ...list, maxPageBytes: 200, maxRowBytes: 250 });
    const { batches, warnings } = await read(respond([]), { pages });
    expect(new Set(rowsIn(batches).map((row) => row["project_id"]))).toEqual(
      new Set(["r0", "r1", "r3"]),
    );
    expect(batches.flatMap(({ rejected = [] }) => rejected)[0]?.reason).toContain(
      "larger than 250 bytes",
    );
    expect(sweepsIn(batches)).toEqual([]);
    expect(warnings).toHaveLength(1);
  });
});

describe("a service that has changed", () => {
  test("has each new field reported once, and known ones not at all", async () => {
    const rows = newRows(25, (index) => ({
      name: "n",
      color: 1,
      known: 2,
      ...(index > 20 ? { late: 3 } : {}),
    }));
    const { warnings } = await read(
      listHandler(() => rows),
      { known: ["known"] },
    );
    expect(warnings).toEqual([
      'demo_project: new field "color", kept in raw',
      'demo_project: new field "late", kept in raw',
    ]);
  });

  test("has fields that no column takes kept in raw, also if it is not declared", async () => {
    const columns = { project_id: "string" } as const;
    const { batches, warnings } = await read(
      respond({ total: 1, content: [{ id: "a", tags: 1 }] }),
      {
        columns,
      },
    );
    expect(rowsIn(batches)).toEqual([{ project_id: "a", raw: '{"id":"a","tags":1}' }]);
    expect(warnings).toEqual(['demo_project: new field "tags", kept in raw']);
  });

  test("has each field named that is lost because raw was declined, and the summary says so", async () => {
    const columns = { project_id: "string" } as const;
    const rows = newRows(25, (index) => ({
      tags: 1,
      known: 2,
      ...(index > 20 ? { late: 3 } : {}),
    }));
    const { batches, warnings } = await read(
      listHandler(() => rows),
      { columns, raw: false, known: ["known"] },
    );
    expect(Object.keys(rowsIn(batches)[0] ?? {})).toEqual(["project_id"]);
    expect(warnings).toEqual(
      ["tags", "late"].map(
        (field) =>
          `demo_project: field "${field}" is not stored; declare a column for it, or the column raw, or list it in "known"`,
      ),
    );
    expect(batches.at(-1)?.note).toBe(
      'demo_project: fields that no column takes are not stored: "tags", "late"',
    );
  });

  test("has required fields reported that no row fills", async () => {
    const some = [{ id: "a" }, { id: "b", name: "n" }];
    const required = ["project_id", "name", "updated_at"];
    const { warnings } = await read(respond({ total: 2, content: some }), { required });
    expect(warnings).toEqual([
      'demo_project: no object has the field "updated_at"; updated_at stays empty',
    ]);
    const empty = await read(
      listHandler(() => []),
      { required },
    );
    expect(empty.warnings).toEqual([]);
  });
});

describe("an incremental stream", () => {
  const cursor = {
    column: "updated_at",
    order: "any",
    lookbackMinutes: 10,
    query: (since: string) => ({ filters: `updated_at>=${since}` }),
  } as const;
  const at = (day: number): string => `2026-05-${String(day).padStart(2, "0")}T00:00:00Z`;
  const mark = (day: number): Checkpoint => ({
    since: `2026-05-${String(day).padStart(2, "0")}T00:00:00.000000Z`,
  });
  const dated = (days: readonly number[]): ListRow[] =>
    days.map((day) => ({ id: `d${day}`, name: "n", updated_at: at(day) }));

  test("requests rows from the mark on, minus the lookback", async () => {
    const rows = dated([5]);
    const { queries } = await read(
      listHandler(() => rows),
      { cursor },
      { checkpoints: new Map([["", mark(4)]]) },
    );
    expect(queries).toEqual([
      "?filters=updated_at%3E%3D2026-05-03T23%3A50%3A00.000000Z&page=1&size=10",
    ]);
    expect(
      (
        await read(
          listHandler(() => rows),
          { cursor },
        )
      ).queries,
    ).toEqual(["?page=1&size=10"]);
  });

  test("in any order advances its mark only at the end", async () => {
    const rows = dated([9, 3, 20, 4]);
    const { batches } = await read(
      listHandler(() => rows),
      { cursor, size: 2 },
    );
    expect(batches.map(({ checkpoint }) => checkpoint)).toEqual([undefined, undefined, mark(20)]);
    expect(sweepsIn(batches)).toEqual([]);
  });

  test("in ascending order advances it with each page", async () => {
    const rows = dated([3, 4, 9, 20]);
    const { batches } = await read(
      listHandler(() => rows),
      { cursor: { ...cursor, order: "ascending" }, size: 2 },
    );
    expect(batches.map(({ checkpoint }) => checkpoint)).toEqual([mark(4), mark(20)]);
  });

  test("keeps its mark if rows are missing", async () => {
    const content = dated([9, 3]);
    const { batches, warnings } = await read(
      inTurn(respond({ total: 5, content }), respond({ total: 5, content: [] })),
      { cursor, size: 2 },
    );
    expect(batches.map(({ checkpoint }) => checkpoint)).toEqual([undefined]);
    expect(warnings).toEqual(["demo_project: rows are missing; the next sync reads them again"]);
  });

  test("never lets its mark pass the start of the sync", async () => {
    const rows: ListRow[] = [{ id: "a", name: "n", updated_at: "2027-01-01T00:00:00Z" }];
    const { batches } = await read(
      listHandler(() => rows),
      { cursor },
    );
    expect(batches.at(-1)?.checkpoint).toEqual({ since: "2026-06-01T00:00:00.000000Z" });
  });
});

test("a declaration can choose another way of paging", async () => {
  const { batches, queries } = await read(
    inTurn(
      respond({ items: [{ id: "a", name: "n" }], next: "c" }),
      respond({ items: [{ id: "b", name: "n" }] }),
    ),
    {
      query: { all: true },
      pages: (client, list) =>
        cursorPages(client, { ...list, cursorKey: "next", parameter: "cursor" }),
    },
  );
  expect(rowsIn(batches).map((row) => row["project_id"])).toEqual(["a", "b"]);
  expect(queries).toEqual(["?all=true", "?all=true&cursor=c"]);
  expect(sweepsIn(batches)).toEqual([{ keys: [["a"], ["b"]], again: false }]);
});
