import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SourceError, TransientError } from "../../../src/core/errors.ts";
import type { NumberPagedList } from "../../../src/http/paging/page-requests.ts";
import { numberedPages, type NumberedPage } from "../../../src/http/paging/numbered-pages.ts";
import { answer, failing, inTurn } from "../../support/faults.ts";
import { testClient, type TestClient } from "../../support/http-client.ts";
import type { RequestHandler } from "../../../src/emulators/http-server.ts";
import { startServer, type TestServer } from "../../support/http-server.ts";
import { asked, listOf, newRows, type ListRow } from "../../support/list-server.ts";

interface Walked {
  readonly ids: readonly string[];
  readonly pages: readonly NumberedPage[];
  readonly complete: boolean;
  readonly stable: boolean;
}

async function walk(client: TestClient, list: Partial<NumberPagedList> = {}): Promise<Walked> {
  const walked = numberedPages(client, { path: "rows", size: 10, ...list });
  const pages: NumberedPage[] = [];
  for await (const page of walked) pages.push(page);
  const ids = pages.flatMap(({ rows }) => rows.map((row) => (JSON.parse(row) as ListRow).id));
  return { ids, pages, complete: walked.complete, stable: walked.stable };
}

async function walkOf(
  listener: RequestHandler,
  list: Partial<NumberPagedList> = {},
): Promise<Walked & { asked: string[] }> {
  await using server = await startServer(listener);
  const walked = await walk(testClient(server.url), list);
  return { ...walked, asked: askedOf(server) };
}

/** What was asked for, as `page/size`. */
function askedOf(server: TestServer): string[] {
  return server.requests.map((request) => `${asked(request).page}/${asked(request).size}`);
}

const idsOf = (rows: readonly ListRow[]): string[] => rows.map(({ id }) => id);

describe("a list that tells its total", () => {
  test.each([
    [0, ["1/10"]],
    [9, ["1/10"]],
    [10, ["1/10"]],
    [11, ["1/10", "2/10"]],
    [30, ["1/10", "2/10", "3/10"]],
  ])("of %i rows is read in order, without a request too many", async (count, requests) => {
    const rows = newRows(count);
    const walked = await walkOf(listOf(() => rows));
    expect(walked).toMatchObject({
      ids: idsOf(rows),
      complete: true,
      stable: true,
      asked: requests,
    });
  });

  test("gives each page its number, total and size", async () => {
    const rows = newRows(11);
    const { pages } = await walkOf(listOf(() => rows));
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

  test("is asked once more where a page is empty too early", async () => {
    const rows = newRows(25);
    const list = listOf(() => rows);
    const { ids, complete, asked } = await walkOf(
      inTurn(list, answer({ total: 25, content: [] }), list),
    );
    expect(ids).toEqual(idsOf(rows));
    expect(complete).toBe(true);
    expect(asked).toEqual(["1/10", "2/10", "2/10", "3/10"]);
  });

  test("is incomplete where a page stays empty too early", async () => {
    const rows = newRows(10);
    const list = listOf(() => rows);
    const { ids, complete } = await walkOf(
      inTurn(
        (request, response) => answer({ total: 25, content: rows })(request, response),
        answer({ total: 25, content: [] }),
        answer({ total: 25, content: [] }),
        list,
      ),
    );
    expect(ids).toEqual(idsOf(rows));
    expect(complete).toBe(false);
  });

  test("is complete but not stable where rows come while it is read, even a page of them", async () => {
    let rows = newRows(30);
    const list = listOf(() => rows);
    const { ids, complete, stable } = await walkOf((request, response) => {
      void list(request, response);
      if (asked(request).page === 1)
        rows = [...newRows(10).map(({ id }) => ({ id: `new ${id}` })), ...rows];
    });
    expect(new Set(ids)).toEqual(new Set(idsOf(newRows(30))));
    expect({ complete, stable }).toEqual({ complete: true, stable: false });
  });

  test("is incomplete where rows go while it is read", async () => {
    let rows = newRows(30);
    const list = listOf(() => rows);
    const { complete, stable } = await walkOf((request, response) => {
      void list(request, response);
      if (asked(request).page === 1) rows = rows.slice(1);
    });
    expect({ complete, stable }).toEqual({ complete: false, stable: false });
  });
});

describe("a list that tells no total", () => {
  test("ends with the first empty page", async () => {
    const rows = newRows(20);
    const walked = await walkOf(listOf(() => rows, { total: false }));
    expect(walked).toMatchObject({
      ids: idsOf(rows),
      complete: true,
      asked: ["1/10", "2/10", "3/10"],
    });
  });

  test.each([4, 10, 25])("and no pages, but %i rows, is read once", async (count) => {
    const rows = newRows(count);
    const { ids, complete } = await walkOf(answer({ data: rows }));
    expect({ ids, complete }).toEqual({ ids: idsOf(rows), complete: true });
  });

  test("is taken for one without pages only when the first page comes a third time", async () => {
    let rows = newRows(30);
    const list = listOf(() => rows, { total: false });
    const { ids, complete } = await walkOf((request, response) => {
      void list(request, response);
      if (asked(request).page === 1)
        rows = [...newRows(10).map(({ id }) => ({ id: `new ${id}` })), ...rows];
    });
    expect(ids).toEqual(idsOf(newRows(30)));
    expect(complete).toBe(true);
  });

  test("fails where its last page comes for ever", async () => {
    const rows = newRows(20);
    const last = Math.ceil(rows.length / 10);
    const clamped: RequestHandler = ({ url, ...request }, response) => {
      const clampedUrl = new URL(url);
      clampedUrl.searchParams.set(
        "page",
        String(Math.min(last, Number(url.searchParams.get("page")))),
      );
      return listOf(() => rows, { total: false })({ ...request, url: clampedUrl }, response);
    };
    await expect(walkOf(clamped)).rejects.toThrow(SourceError);
    await expect(walkOf(clamped)).rejects.toThrow(
      "rows: the same page came twice; paging does not advance",
    );
  });
});

test("a list that tells a total, and gives the first page for ever, fails", async () => {
  await expect(walkOf(answer({ total: 25, content: newRows(10) }))).rejects.toThrow(
    "the same page came twice",
  );
});

test("a bare array is a list without pages", async () => {
  const { ids, complete, asked } = await walkOf(answer(newRows(10)));
  expect({ ids, complete, asked }).toEqual({
    ids: idsOf(newRows(10)),
    complete: true,
    asked: ["1/10"],
  });
});

describe("whatever a service does with the size, every row is read", () => {
  const rows = fc.integer({ min: 0, max: 60 });
  const size = fc.integer({ min: 1, max: 15 });

  test("when it caps it", async () => {
    const traps = fc.record({
      cap: fc.integer({ min: 1, max: 15 }),
      startsBy: fc.constantFrom("asked" as const, "served" as const),
    });
    await fc.assert(
      fc.asyncProperty(rows, fc.tuple(size, traps), async (count, [size, traps]) => {
        const all = newRows(count);
        const { ids, complete } = await walkOf(
          listOf(() => all, traps),
          { size },
        );
        expect(ids).toEqual(idsOf(all));
        expect(complete).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test("when it caps it and tells no total, but pages by what it serves", async () => {
    const all = newRows(60);
    for (const cap of [1, 7, 10, 11]) {
      const { ids, complete } = await walkOf(listOf(() => all, { cap, total: false }));
      expect({ ids, complete }).toEqual({ ids: idsOf(all), complete: true });
    }
  });

  test("when it leaves out rows that we may not see", async () => {
    const all = newRows(57);
    const hidden = ({ id }: ListRow): boolean => Number(id.slice(1)) % 7 === 1;
    const { ids, complete } = await walkOf(listOf(() => all, { hidden }));
    expect(new Set(ids)).toEqual(new Set(idsOf(all.filter((row) => !hidden(row)))));
    expect(complete).toBe(true);
  });

  test("or else the walk does not call itself complete", async () => {
    const hiddenRows = fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(rows, fc.tuple(size, hiddenRows), async (count, [size, hiddenRows]) => {
        const all = newRows(count);
        const hidden = ({ id }: ListRow): boolean => hiddenRows.includes(Number(id.slice(1)));
        const shown = idsOf(all.filter((row) => !hidden(row)));
        const { ids, complete } = await walkOf(
          listOf(() => all, { hidden }),
          { size },
        );
        if (complete) expect(new Set(ids)).toEqual(new Set(shown));
        else expect(new Set(shown)).not.toEqual(new Set(ids));
      }),
      { numRuns: 300 },
    );
  });

  test("when it ignores it", async () => {
    const all = newRows(95);
    for (const fixed of [3, 10, 25]) {
      const list: RequestHandler = ({ url, ...request }, response) => {
        url.searchParams.set("size", String(fixed));
        return listOf(() => all)({ ...request, url }, response);
      };
      const { ids, complete } = await walkOf(list);
      expect({ ids, complete }).toEqual({ ids: idsOf(all), complete: true });
    }
  });
});

describe("a page that is too much", () => {
  const heavy = (list: RequestHandler, fits: (size: number) => boolean): RequestHandler => {
    return (request, response) =>
      fits(asked(request).size) ? list(request, response) : failing(500)(request, response);
  };

  test("for the service is asked for in an eighth of the size, and so is what follows", async () => {
    const rows = newRows(45);
    const walked = await walkOf(
      heavy(
        listOf(() => rows),
        (size) => size <= 5,
      ),
      { size: 40 },
    );
    expect(walked).toMatchObject({ ids: idsOf(rows), complete: true });
    expect([...new Set(walked.asked)]).toEqual([
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

  test("has patience once, not for every size", async () => {
    await using server = await startServer(failing(503));
    const client = testClient(server.url, { retryAttempts: 4 });
    await expect(walk(client, { size: 8 })).rejects.toThrow(TransientError);
    expect(askedOf(server)).toEqual([...Array<string>(5).fill("1/8"), "1/1", "1/1"]);
  });

  test("for us is asked for in an eighth of the size; every row comes once and in order, also where the size is capped", async () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 900 }), { maxLength: 40 });
    const asked = fc.record({
      size: fc.integer({ min: 1, max: 20 }),
      cap: fc.integer({ min: 1, max: 20 }),
      total: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(sizes, asked, async (bytes, { size, ...traps }) => {
        const rows = newRows(bytes.length, (index) => ({ text: "x".repeat(bytes[index] ?? 0) }));
        await using server = await startServer(
          listOf(() => rows, traps.total ? traps : { ...traps, cap: 100 }),
        );
        const client = testClient(server.url);
        const { ids, complete } = await walk(client, {
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

  test("for us, with a cap that is unknown as yet, loses no row", async () => {
    const bytes = { comfortableBytes: 20_000, maxPageBytes: 40_000 };
    for (const [cap, total, large] of [
      [20, 68, 15],
      [7, 15, 0],
      [50, 90, 0],
    ] as const) {
      const rows = newRows(total, (index) => ({ text: "x".repeat(index === large ? 90_000 : 10) }));
      const { ids, complete } = await walkOf(
        listOf(() => rows, { cap }),
        { size: 100, ...bytes },
      );
      expect({ ids, complete }).toEqual({ ids: idsOf(rows), complete: true });
    }
  });

  test("for the service's cap, which a walk that goes on does not know yet, loses no row", async () => {
    const rows = newRows(250);
    const list = { size: 100, from: { offset: 150, size: 50 } };
    const walked = await walkOf(
      listOf(() => rows, { cap: 50 }),
      list,
    );
    expect(walked).toMatchObject({ ids: idsOf(rows.slice(150)), complete: true });
  });

  test.each([0, 100, 399])("for us, for its row %i, slows down no others", async (large) => {
    const rows = newRows(400, (index) => ({ text: "x".repeat(index === large ? 90_000 : 10) }));
    await using server = await startServer(listOf(() => rows));
    const list = { size: 50, comfortableBytes: 20_000, maxPageBytes: 40_000 };
    const { ids, complete } = await walk(testClient(server.url), list);
    expect({ ids, complete }).toEqual({ ids: idsOf(rows), complete: true });
    expect(server.requests.length).toBeLessThan(40);
  });

  test("for us is no reason to be impatient", async () => {
    const rows = newRows(20, () => ({ text: "x".repeat(1000) }));
    const list = listOf(() => rows);
    let busy = 4;
    await using server = await startServer((request, response) => {
      const isBusy = asked(request).size < 10 && busy > 0;
      if (isBusy) busy -= 1;
      return (isBusy ? failing(429) : list)(request, response);
    });
    const client = testClient(server.url, { retryAttempts: 4 });
    const { ids } = await walk(client, { maxPageBytes: 5000 });
    expect(ids).toEqual(idsOf(rows));
  });

  test("soon is not asked for", async () => {
    const rows = newRows(40, () => ({ text: "x".repeat(100) }));
    const { ids, asked } = await walkOf(
      listOf(() => rows),
      { comfortableBytes: 800 },
    );
    expect(ids).toEqual(idsOf(rows));
    expect(asked).toEqual(["1/10", "3/5", "4/5", "5/5", "6/5", "7/5", "8/5"]);
  });

  test("although it has a single row is passed over, and the walk incomplete", async () => {
    const rows = newRows(20, (index) => ({ text: "x".repeat(index === 7 ? 5000 : 10) }));
    await using server = await startServer(listOf(() => rows));
    const client = testClient(server.url);
    const { ids, complete, pages } = await walk(client, { maxPageBytes: 1500, maxRowBytes: 4000 });
    expect(ids).toEqual(idsOf(rows.filter(({ id }) => id !== "r7")));
    expect(complete).toBe(false);
    expect(
      pages.map(({ unreadable }) => unreadable).filter((reason) => reason !== undefined),
    ).toEqual([`GET ${server.url}/rows: the response is larger than 4000 bytes`]);
    const read = await walk(client, { maxPageBytes: 1500, maxRowBytes: 6000 });
    expect(read).toMatchObject({ ids: idsOf(rows), complete: true });
  });

  test("ends no walk where others come between", async () => {
    const isHuge = (index: number): boolean => index % 3 === 0;
    const rows = newRows(20, (index) => ({ text: "x".repeat(isHuge(index) ? 5000 : 10) }));
    await using server = await startServer(listOf(() => rows));
    const client = testClient(server.url);
    const { ids } = await walk(client, { maxPageBytes: 1500, maxRowBytes: 4000 });
    expect(ids).toEqual(idsOf(rows.filter((_row, index) => !isHuge(index))));
  });

  test("again and again, down to single rows, ends the walk", async () => {
    const rows = newRows(20, () => ({ text: "x".repeat(5000) }));
    await using server = await startServer(listOf(() => rows));
    const client = testClient(server.url);
    await expect(walk(client, { maxPageBytes: 1500, maxRowBytes: 4000 })).rejects.toThrow(
      /larger than 4000 bytes/,
    );
  });
});

test("a walk goes on where another stopped, with its size", async () => {
  const rows = newRows(40, () => ({ text: "x".repeat(100) }));
  await using server = await startServer(listOf(() => rows));
  const client = testClient(server.url);
  const whole = await walk(client, { comfortableBytes: 800 });
  for (const [index, { next }] of whole.pages.entries()) {
    const rest = await walk(client, { comfortableBytes: 800, from: next });
    const seen = whole.pages.slice(0, index + 1).flatMap(({ rows }) => rows).length;
    expect(rest).toMatchObject({ ids: idsOf(rows.slice(seen)), complete: true });
  }
});

test("rows stand where the list says, and as they were spelled", async () => {
  const body =
    '{"total": 2, "data": {"x": 1}, "projects": [ {"n":1.50} ,{"n":12345678901234567890}]}';
  await using server = await startServer(answer(body));
  const pages = numberedPages(testClient(server.url), {
    path: "rows",
    rowKeys: ["items", "projects"],
  });
  const rows: string[] = [];
  for await (const page of pages) rows.push(...page.rows);
  expect(rows).toEqual(['{"n":1.50}', '{"n":12345678901234567890}']);
});

test("an empty list may be spelled null", async () => {
  expect(await walkOf(answer({ content: null }))).toMatchObject({ ids: [], complete: true });
});

test.each([
  ["an object", { rows: [] }],
  ["a string", '"rows"'],
  ["null", "null"],
])("%s without rows is not understood", async (_name, body) => {
  await expect(walkOf(answer(body))).rejects.toThrow(SourceError);
  await expect(walkOf(answer(body))).rejects.toThrow(
    "rows: expected an array in content or items or data, got other JSON",
  );
});

test("a total that is no count is none", async () => {
  const { ids, complete } = await walkOf(
    inTurn(answer({ total: -1, content: newRows(10) }), answer({ total: "2", content: [] })),
  );
  expect({ ids, complete }).toEqual({ ids: idsOf(newRows(10)), complete: true });
});

test("an error that a smaller page would not mend ends the walk", async () => {
  await expect(walkOf(failing(404, {}, { message: "no such project" }))).rejects.toThrow(
    "404: no such project",
  );
});

test("a walk is not complete before its end", async () => {
  await using server = await startServer(listOf(() => newRows(30)));
  const pages = numberedPages(testClient(server.url), { path: "rows", size: 10 });
  for await (const page of pages) {
    expect(pages.complete).toBe(false);
    if (page.number === 2) break;
  }
  expect(pages.complete).toBe(false);
  expect(server.requests).toHaveLength(2);
});
