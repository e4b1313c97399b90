import { describe, expect, test } from "vitest";
import { SourceError } from "../../../src/core/errors.ts";
import { cursorPages, linkedPages } from "../../../src/http/paging/chained-pages.ts";
import type { Pages } from "../../../src/http/paging/page.ts";
import { respond, inTurn } from "../../support/faults.ts";
import { testClient } from "../../support/http-client.ts";
import { startServer } from "../../support/http-server.ts";

async function rowsOf(pages: Pages): Promise<string[]> {
  const rows: string[] = [];
  for await (const page of pages) rows.push(...page.rows);
  return rows;
}

describe("pages with a link to the next", () => {
  test("are read through relative and absolute links, past empty pages, to the end", async () => {
    await using server = await startServer((request, response) => {
      const bodies: Record<string, object> = {
        "/api/rows?size=2": { items: [1, 2], next: "?page=2" },
        "/api/rows?page=2": { items: [], next: "/api/rows?page=3" },
        "/api/rows?page=3": { items: [3], next: `${server.url}/api/rows?page=4` },
        "/api/rows?page=4": { items: [4], next: null },
      };
      return respond(bodies[request.url.pathname + request.url.search])(request, response);
    });
    const pages = linkedPages(testClient(`${server.url}/api`), {
      path: "rows",
      query: { size: 2 },
    });
    expect(await rowsOf(pages)).toEqual(["1", "2", "3", "4"]);
    expect(pages).toMatchObject({ complete: true, stable: true });
  });

  test("can have the link in another member", async () => {
    await using server = await startServer(
      inTurn(respond({ data: [1], links: { next: "?page=2" } }), respond({ data: [2], links: {} })),
    );
    const pages = linkedPages(testClient(server.url), { path: "rows", nextKeys: ["links.next"] });
    expect(await rowsOf(pages)).toEqual(["1", "2"]);
  });

  test("are not followed to another host, and no key is sent there", async () => {
    await using other = await startServer(respond({ items: [] }));
    await using server = await startServer(respond({ items: [1], nextUrl: `${other.url}/rows` }));
    const pages = linkedPages(testClient(server.url), { path: "rows" });
    await expect(rowsOf(pages)).rejects.toThrow(
      `${server.url}/rows: the next link leads to another host (${new URL(other.url).host}); the key is not sent there`,
    );
    expect(other.requests).toEqual([]);
    expect(pages.complete).toBe(false);
  });

  test.each(["?page=1", "/rows?page=1"])("are not followed in a loop by %s", async (next) => {
    await using server = await startServer(respond({ items: [1], next }));
    const pages = linkedPages(testClient(server.url), { path: "rows", query: { page: 1 } });
    await expect(rowsOf(pages)).rejects.toThrow(SourceError);
    expect(server.requests).toHaveLength(1);
  });

  test("whose link is no text are not understood", async () => {
    await using server = await startServer(respond({ items: [1], next: {} }));
    const pages = linkedPages(testClient(server.url), { path: "rows" });
    await expect(rowsOf(pages)).rejects.toThrow(
      "rows: expected the next link or cursor as text, got object",
    );
  });
});

describe("pages with the cursor of the next", () => {
  const list = { path: "rows", query: { size: 2 }, cursorKey: "meta.cursor", parameter: "after" };

  test("are read until one has no cursor, past empty pages", async () => {
    await using server = await startServer(
      inTurn(
        respond({ items: [1], total: 3, meta: { cursor: "a&b" } }),
        respond({ items: [], total: 3, meta: { cursor: 7 } }),
        respond({ items: [2, 3], total: 3, meta: { cursor: "" } }),
      ),
    );
    const pages = cursorPages(testClient(server.url), list);
    expect(await rowsOf(pages)).toEqual(["1", "2", "3"]);
    expect(pages).toMatchObject({ complete: true, stable: true });
    expect(server.requests.map(({ url }) => url.search)).toEqual([
      "?size=2",
      "?size=2&after=a%26b",
      "?size=2&after=7",
    ]);
  });

  test("are read on from a cursor that is a number of 64 bits, with all its digits", async () => {
    const first = `{"items": [1], "meta": {"cursor": 1767225600123456789}}`;
    await using server = await startServer(inTurn(respond(first), respond({ items: [2] })));
    const pages = cursorPages(testClient(server.url), list);
    expect(await rowsOf(pages)).toEqual(["1", "2"]);
    expect(server.requests[1]?.url.search).toBe("?size=2&after=1767225600123456789");
  });

  test("fail if a cursor repeats", async () => {
    await using server = await startServer(respond({ items: [1], meta: { cursor: "a" } }));
    const pages = cursorPages(testClient(server.url), list);
    await expect(rowsOf(pages)).rejects.toThrow("rows: page 3 is one that was read before");
    expect(server.requests).toHaveLength(2);
  });

  test("are incomplete if the total shrinks", async () => {
    await using server = await startServer(
      inTurn(
        respond({ items: [1], total: 3, meta: { cursor: "a" } }),
        respond({ items: [2], total: 2 }),
      ),
    );
    const pages = cursorPages(testClient(server.url), list);
    expect(await rowsOf(pages)).toEqual(["1", "2"]);
    expect(pages).toMatchObject({ complete: false, stable: false });
  });
});
