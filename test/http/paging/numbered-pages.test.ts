import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SourceError, TransientError } from "../../../src/core/errors.ts";
import type { NumberPagedList } from "../../../src/http/paging/page-requests.ts";
import { numberedPages, type NumberedPage } from "../../../src/http/paging/numbered-pages.ts";
import { respond, failing, inTurn } from "../../support/faults.ts";
import { testClient, type TestClient } from "../../support/http-client.ts";
import type { RequestHandler } from "../../../src/emulators/http-server.ts";
import { startServer, type TestServer } from "../../support/http-server.ts";
import { pageParams, listHandler, newRows, type ListRow } from "../../support/list-server.ts";

interface Listing {
  readonly ids: readonly string[];
  readonly pages: readonly NumberedPage[];
  readonly complete: boolean;
  readonly stable: boolean;
}

async function read(client: TestClient, list: Partial<NumberPagedList> = {}): Promise<Listing> {
  const listing = numberedPages(client, { path: "rows", size: 10, ...list });
  const pages: NumberedPage[] = [];
  for await (const page of listing) pages.push(page);
  const ids = pages.flatMap(({ rows }) => rows.map((row) => (JSON.parse(row) as ListRow).id));
  return { ids, pages, complete: listing.complete, stable: listing.stable };
}

async function readFrom(
  listener: RequestHandler,
  list: Partial<NumberPagedList> = {},
): Promise<Listing & { requests: string[] }> {
  await using server = await startServer(listener);
  const listing = await read(testClient(server.url), list);
  return { ...listing, requests: requestsTo(server) };
}

/** The requests as `page/size`. */
function requestsTo(server: TestServer): string[] {
  return server.requests.map(
    (request) => `${pageParams(request).page}/${pageParams(request).size}`,
  );
}

const idsOf = (rows: readonly ListRow[]): string[] => rows.map(({ id }) => id);

describe("a list with a total", () => {
  test.each([
    [0, ["1/10"]],
    [9, ["1/10"]],
    [10, ["1/10"]],
    [11, ["1/10", "2/10"]],
    [30, ["1/10", "2/10", "3/10"]],
  ])("of %i rows is read in order, without an extra request", async (count, requests) => {
    const rows = newRows(count);
    const listing = await readFrom(listHandler(() => rows));
    expect(listing).toMatchObject({ ids: idsOf(rows), complete: true, stable: true, requests });
  });

  test("has pages with number, total and size", async () => {
    const rows = newRows(11);
    const { pages } = await readFrom(listHandler(() => rows));
    expect(pages).toMatchObject([
      { number: 1, total: 11, next: { offset: 10, size: 10 } },
      {
        number: 2,
        total: 11,
        rows: ['{"id":"r10"}'],
        bytes: 55,
      },
    ]);
  });

  test("is requested once more if a page is empty before the end", async () => {
    const rows = newRows(25);
    const list = listHandler(() => rows);
    const { ids, complete, requests } = await readFrom(
      inTurn(list, respond({ total: 25, content: [] }), list),
    );
    expect(ids).toEqual(idsOf(rows));
    expect(complete).toBe(true);
    expect(requests).toEqual(["1/10", "2/10", "2/10", "3/10"]);
  });

  test("is incomplete if a page before the end stays empty", async () => {
    const rows = newRows(10);
    const list = listHandler(() => rows);
    const { ids, complete } = await readFrom(
      inTurn(
        (request, response) => respond({ total: 25, content: rows })(request, response),
        respond({ total: 25, content: [] }),
        respond({ total: 25, content: [] }),
        list,
      ),
    );
    expect(ids).toEqual(idsOf(rows));
    expect(complete).toBe(false);
  });

  test("is complete but not stable if rows are inserted meanwhile, even a page of them", async () => {
    let rows = newRows(30);
    const list = listHandler(() => rows);
    const { ids, complete, stable } = await readFrom((request, response) => {
      void list(request, response);
      if (pageParams(request).page === 1)
        rows = [...newRows(10).map(({ id }) => ({ id: `new ${id}` })), ...rows];
    });
    expect(new Set(ids)).toEqual(new Set(idsOf(newRows(30))));
    expect({ complete, stable }).toEqual({ complete: true, stable: false });
  });

  test("is incomplete if rows are deleted meanwhile", async () => {
    let rows = newRows(30);
    const list = listHandler(() => rows);
    const { complete, stable } = await readFrom((request, response) => {
      void list(request, response);
      if (pageParams(request).page === 1) rows = rows.slice(1);
    });
    expect({ complete, stable }).toEqual({ complete: false, stable: false });
  });
});

describe("a list without a total", () => {
  test("ends with the first empty page", async () => {
    const rows = newRows(20);
    const listing = await readFrom(listHandler(() => rows, { total: false }));
    expect(listing).toMatchObject({
      ids: idsOf(rows),
      complete: true,
      requests: ["1/10", "2/10", "3/10"],
    });
  });

  test.each([4, 10, 25])("and without pages, of %i rows, is read once", async (count) => {
    const rows = newRows(count);
    const { ids, complete } = await readFrom(respond({ data: rows }));
    expect({ ids, complete }).toEqual({ ids: idsOf(rows), complete: true });
  });

  test("counts as unpaged only once the full first page comes a third time", async () => {
    let rows = newRows(30);
    const list = listHandler(() => rows, { total: false });
    const { ids, complete } = await readFrom((request, response) => {
      void list(request, response);
      if (pageParams(request).page === 1)
        rows = [...newRows(10).map(({ id }) => ({ id: `new ${id}` })), ...rows];
    });
    expect(ids).toEqual(idsOf(newRows(30)));
    expect(complete).toBe(true);
  });

  test("fails if its last page repeats forever", async () => {
    const rows = newRows(20);
    const last = Math.ceil(rows.length / 10);
    const clamped: RequestHandler = ({ url, ...request }, response) => {
      const clampedUrl = new URL(url);
      clampedUrl.searchParams.set(
        "page",
        String(Math.min(last, Number(url.searchParams.get("page")))),
      );
      return listHandler(() => rows, { total: false })({ ...request, url: clampedUrl }, response);
    };
    await expect(readFrom(clamped)).rejects.toThrow(SourceError);
    await expect(readFrom(clamped)).rejects.toThrow(
      "rows: the same page came twice; paging does not advance",
    );
  });
});

test("a list with a total that repeats its first page forever fails", async () => {
  await expect(readFrom(respond({ total: 25, content: newRows(10) }))).rejects.toThrow(
    "the same page came twice",
  );
});

test("a bare array is a list without pages", async () => {
  const { ids, complete, requests } = await readFrom(respond(newRows(10)));
  expect({ ids, complete, requests }).toEqual({
    ids: idsOf(newRows(10)),
    complete: true,
    requests: ["1/10"],
  });
});

describe("every row is read, whatever the service does with the size:", () => {
  const rows = fc.integer({ min: 0, max: 60 });
  const size = fc.integer({ min: 1, max: 15 });

  test("it caps it", async () => {
    const limits = fc.record({
      cap: fc.integer({ min: 1, max: 15 }),
      offsetBy: fc.constantFrom("requested" as const, "served" as const),
    });
    await fc.assert(
      fc.asyncProperty(rows, fc.tuple(size, limits), async (count, [size, limits]) => {
        const all = newRows(count);
        const { ids, complete } = await readFrom(
          listHandler(() => all, limits),
          { size },
        );
        expect(ids).toEqual(idsOf(all));
        expect(complete).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test("it caps it without a total, but pages by its own size", async () => {
    const all = newRows(60);
    for (const cap of [1, 7, 10, 11]) {
      const { ids, complete } = await readFrom(listHandler(() => all, { cap, total: false }));
      expect({ ids, complete }).toEqual({ ids: idsOf(all), complete: true });
    }
  });

  test("it omits rows that we have no access to", async () => {
    const all = newRows(57);
    const hidden = ({ id }: ListRow): boolean => Number(id.slice(1)) % 7 === 1;
    const { ids, complete } = await readFrom(listHandler(() => all, { hidden }));
    expect(new Set(ids)).toEqual(new Set(idsOf(all.filter((row) => !hidden(row)))));
    expect(complete).toBe(true);
  });

  test("or else the listing is not complete", async () => {
    const hiddenRows = fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(rows, fc.tuple(size, hiddenRows), async (count, [size, hiddenRows]) => {
        const all = newRows(count);
        const hidden = ({ id }: ListRow): boolean => hiddenRows.includes(Number(id.slice(1)));
        const visible = idsOf(all.filter((row) => !hidden(row)));
        const { ids, complete } = await readFrom(
          listHandler(() => all, { hidden }),
          { size },
        );
        if (complete) expect(new Set(ids)).toEqual(new Set(visible));
        else expect(new Set(visible)).not.toEqual(new Set(ids));
      }),
      { numRuns: 300 },
    );
  });

  test("it ignores it", async () => {
    const all = newRows(95);
    for (const fixed of [3, 10, 25]) {
      const list: RequestHandler = ({ url, ...request }, response) => {
        url.searchParams.set("size", String(fixed));
        return listHandler(() => all)({ ...request, url }, response);
      };
      const { ids, complete } = await readFrom(list);
      expect({ ids, complete }).toEqual({ ids: idsOf(all), complete: true });
    }
  });
});

describe("a page that is too large", () => {
  const heavy = (list: RequestHandler, fits: (size: number) => boolean): RequestHandler => {
    return (request, response) =>
      fits(pageParams(request).size) ? list(request, response) : failing(500)(request, response);
  };

  test("for the service is requested in an eighth of the size, like all that follow", async () => {
    const rows = newRows(45);
    const listing = await readFrom(
      heavy(
        listHandler(() => rows),
        (size) => size <= 5,
      ),
      { size: 40 },
    );
    expect(listing).toMatchObject({ ids: idsOf(rows), complete: true });
    expect([...new Set(listing.requests)]).toEqual([
      "1/40",
      "1/5",
      "2/5",
      "3/5",
      "4/5",
      "5/5",
      "6/5",
      "7/5",
      "8/5",
      "9/5",
    ]);
  });

  test("is retried fully only in the first size", async () => {
    await using server = await startServer(failing(503));
    const client = testClient(server.url, { retryAttempts: 4 });
    await expect(read(client, { size: 8 })).rejects.toThrow(TransientError);
    expect(requestsTo(server)).toEqual([...Array<string>(5).fill("1/8"), "1/1", "1/1"]);
  });

  test("for us is requested in an eighth of the size; every row comes once and in order, even if the size is capped", async () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 900 }), { maxLength: 40 });
    const parameters = fc.record({
      size: fc.integer({ min: 1, max: 20 }),
      cap: fc.integer({ min: 1, max: 20 }),
      total: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(sizes, parameters, async (bytes, { size, ...limits }) => {
        const rows = newRows(bytes.length, (index) => ({ text: "x".repeat(bytes[index] ?? 0) }));
        await using server = await startServer(
          listHandler(() => rows, limits.total ? limits : { ...limits, cap: 100 }),
        );
        const client = testClient(server.url);
        const { ids, complete } = await read(client, {
          size,
          maxPageBytes: 1500,
          maxRowBytes: 1500,
        });
        expect(ids).toEqual(idsOf(rows));
        expect(complete).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  test("for us loses no row while the service's cap is still unknown", async () => {
    const bytes = { comfortableBytes: 20_000, maxPageBytes: 40_000 };
    for (const [cap, total, large] of [
      [20, 68, 15],
      [7, 15, 0],
      [50, 90, 0],
    ] as const) {
      const rows = newRows(total, (index) => ({ text: "x".repeat(index === large ? 90_000 : 10) }));
      const { ids, complete } = await readFrom(
        listHandler(() => rows, { cap }),
        { size: 100, ...bytes },
      );
      expect({ ids, complete }).toEqual({ ids: idsOf(rows), complete: true });
    }
  });

  test("for the service's cap loses no row after resuming, when the cap is unknown again", async () => {
    const rows = newRows(250);
    const list = { size: 100, from: { offset: 150, size: 50 } };
    const listing = await readFrom(
      listHandler(() => rows, { cap: 50 }),
      list,
    );
    expect(listing).toMatchObject({ ids: idsOf(rows.slice(150)), complete: true });
  });

  test.each([0, 100, 399])(
    "for us because of row %i does not slow down the others",
    async (large) => {
      const rows = newRows(400, (index) => ({ text: "x".repeat(index === large ? 90_000 : 10) }));
      await using server = await startServer(listHandler(() => rows));
      const list = { size: 50, comfortableBytes: 20_000, maxPageBytes: 40_000 };
      const { ids, complete } = await read(testClient(server.url), list);
      expect({ ids, complete }).toEqual({ ids: idsOf(rows), complete: true });
      expect(server.requests.length).toBeLessThan(40);
    },
  );

  test("for us does not reduce the retries", async () => {
    const rows = newRows(20, () => ({ text: "x".repeat(1000) }));
    const list = listHandler(() => rows);
    let busy = 4;
    await using server = await startServer((request, response) => {
      const isBusy = pageParams(request).size < 10 && busy > 0;
      if (isBusy) busy -= 1;
      return (isBusy ? failing(429) : list)(request, response);
    });
    const client = testClient(server.url, { retryAttempts: 4 });
    const { ids } = await read(client, { maxPageBytes: 5000 });
    expect(ids).toEqual(idsOf(rows));
  });

  test("is avoided by requesting fewer rows as pages grow", async () => {
    const rows = newRows(40, () => ({ text: "x".repeat(100) }));
    const { ids, requests } = await readFrom(
      listHandler(() => rows),
      { comfortableBytes: 800 },
    );
    expect(ids).toEqual(idsOf(rows));
    expect(requests).toEqual(["1/10", "3/5", "4/5", "5/5", "6/5", "7/5", "8/5"]);
  });

  test("although it has a single row is skipped, and the listing incomplete", async () => {
    const rows = newRows(20, (index) => ({ text: "x".repeat(index === 7 ? 5000 : 10) }));
    await using server = await startServer(listHandler(() => rows));
    const client = testClient(server.url);
    const { ids, complete, pages } = await read(client, { maxPageBytes: 1500, maxRowBytes: 4000 });
    expect(ids).toEqual(idsOf(rows.filter(({ id }) => id !== "r7")));
    expect(complete).toBe(false);
    expect(
      pages.map(({ unreadable }) => unreadable).filter((reason) => reason !== undefined),
    ).toEqual([`GET ${server.url}/rows: the response is larger than 4000 bytes`]);
    const listing = await read(client, { maxPageBytes: 1500, maxRowBytes: 6000 });
    expect(listing).toMatchObject({ ids: idsOf(rows), complete: true });
  });

  test("does not end the listing if others come between", async () => {
    const isHuge = (index: number): boolean => index % 3 === 0;
    const rows = newRows(20, (index) => ({ text: "x".repeat(isHuge(index) ? 5000 : 10) }));
    await using server = await startServer(listHandler(() => rows));
    const client = testClient(server.url);
    const { ids } = await read(client, { maxPageBytes: 1500, maxRowBytes: 4000 });
    expect(ids).toEqual(idsOf(rows.filter((_row, index) => !isHuge(index))));
  });

  test("ends the listing if it repeats down to single rows", async () => {
    const rows = newRows(20, () => ({ text: "x".repeat(5000) }));
    await using server = await startServer(listHandler(() => rows));
    const client = testClient(server.url);
    await expect(read(client, { maxPageBytes: 1500, maxRowBytes: 4000 })).rejects.toThrow(
      /larger than 4000 bytes/,
    );
  });
});

test("a listing resumes where another stopped, with its size", async () => {
  const rows = newRows(40, () => ({ text: "x".repeat(100) }));
  await using server = await startServer(listHandler(() => rows));
  const client = testClient(server.url);
  const whole = await read(client, { comfortableBytes: 800 });
  for (const [index, { next }] of whole.pages.entries()) {
    const rest = await read(client, { comfortableBytes: 800, from: next });
    const seen = whole.pages.slice(0, index + 1).flatMap(({ rows }) => rows).length;
    expect(rest).toMatchObject({ ids: idsOf(rows.slice(seen)), complete: true });
  }
});

test("rows come from the declared member, as they were spelled", async () => {
  const body =
    '{"total": 2, "data": {"x": 1}, "projects": [ {"n":1.50} ,{"n":12345678901234567890}]}';
  await using server = await startServer(respond(body));
  const pages = numberedPages(testClient(server.url), {
    path: "rows",
    rowKeys: ["items", "projects"],
  });
  const rows: string[] = [];
  for await (const page of pages) rows.push(...page.rows);
  expect(rows).toEqual(['{"n":1.50}', '{"n":12345678901234567890}']);
});

test("null is an empty list", async () => {
  expect(await readFrom(respond({ content: null }))).toMatchObject({ ids: [], complete: true });
});

test.each([
  ["an object", { rows: [] }],
  ["a string", '"rows"'],
  ["null", "null"],
])("%s without rows is an error", async (_name, body) => {
  await expect(readFrom(respond(body))).rejects.toThrow(SourceError);
  await expect(readFrom(respond(body))).rejects.toThrow(
    "rows: expected an array in content or items or data, got other JSON",
  );
});

test("a total that is not a count is ignored", async () => {
  const { ids, complete } = await readFrom(
    inTurn(respond({ total: -1, content: newRows(10) }), respond({ total: "2", content: [] })),
  );
  expect({ ids, complete }).toEqual({ ids: idsOf(newRows(10)), complete: true });
});

test("an error that a smaller page would not help ends the listing", async () => {
  await expect(readFrom(failing(404, {}, { message: "no such project" }))).rejects.toThrow(
    "404: no such project",
  );
});

test("a listing is not complete before its end", async () => {
  await using server = await startServer(listHandler(() => newRows(30)));
  const pages = numberedPages(testClient(server.url), { path: "rows", size: 10 });
  for await (const page of pages) {
    expect(pages.complete).toBe(false);
    if (page.number === 2) break;
  }
  expect(pages.complete).toBe(false);
  expect(server.requests).toHaveLength(2);
});
