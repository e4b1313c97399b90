import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RequestHandler } from "../../../src/emulators/http-server.ts";
import type {
  DescendingPage,
  DescendingPosition,
} from "../../../src/http/paging/descending-list.ts";
import { descendingPages } from "../../../src/http/paging/descending-pages.ts";
import { testClient } from "../../support/http-client.ts";
import { startServer, type TestServer } from "../../support/http-server.ts";
import { listHandler, newRows, pageParams, type ListRow } from "../../support/list-server.ts";
import { Random } from "../../support/random.ts";
import { testSeed } from "../../support/test-seed.ts";

/** Lists that change between two answers. */

type Change = "nothing" | "new rows" | "deletions" | "anything";

let handler: RequestHandler;
let server: TestServer;
beforeAll(async () => {
  server = await startServer((request, response) => handler(request, response));
});
afterAll(() => server[Symbol.asyncDispose]());

/** A list in descending order of ids; what happens to it is chosen at random. */
class ChangingList {
  /** Ids of the rows that have been there all the time. */
  readonly constant: Set<string>;
  readonly #random: Random;
  readonly #change: Change;
  #ids: number[];
  #next: number;
  #steps = 0;

  constructor(random: Random, change: Change) {
    this.#random = random;
    this.#change = change;
    const count = random.between(0, 40);
    // Gaps leave room for rows that come into the middle.
    this.#ids = Array.from({ length: count }, (_, index) => index * 3).reverse();
    this.#next = count * 3;
    this.constant = new Set(this.rows().map(({ id }) => id));
  }

  rows(): ListRow[] {
    return this.#ids.map((id) => ({ id: idText(id) }));
  }

  /** What happens before an answer; nothing after many, so that a walk of small pages ends. */
  step(): void {
    this.#steps += 1;
    if (this.#steps > 30) return;
    for (let events = this.#random.between(0, 3); events > 0; events -= 1) this.#happen();
  }

  #happen(): void {
    const random = this.#random;
    const change =
      this.#change === "anything"
        ? random.pick(["new rows", "deletions", "restored"] as const)
        : this.#change;
    if (change === "new rows") this.#ids.unshift((this.#next += 1));
    if (change === "restored") this.#restore(random.between(0, this.#next));
    if (change === "deletions" && this.#ids.length > 0) {
      const [id = 0] = this.#ids.splice(random.between(0, this.#ids.length - 1), 1);
      this.constant.delete(idText(id));
    }
  }

  #restore(id: number): void {
    if (this.#ids.includes(id)) return;
    this.#ids = [...this.#ids, id].sort((a, b) => b - a);
  }
}

function idText(id: number): string {
  return String(id).padStart(5, "0");
}

interface Walk {
  readonly pages: readonly DescendingPage[];
  readonly isWhole: boolean;
}

/** Walks over the list, at most so many pages. */
async function walk(size: number, from?: DescendingPosition, maxPages = Infinity): Promise<Walk> {
  const client = testClient(server.url, { retryAttempts: 0 });
  const list = descendingPages(client, { path: "rows", rowKeys: ["content"], size, from });
  const pages: DescendingPage[] = [];
  for await (const page of list) {
    pages.push(page);
    if (pages.length >= maxPages) break;
  }
  return { pages, isWhole: list.isWhole };
}

function idsOf(pages: readonly DescendingPage[]): string[] {
  return pages.flatMap(({ rows }) => rows.map((row) => (JSON.parse(row) as ListRow).id));
}

/** Each proven page, and a proven end, must have been preceded by all rows that were there. */
function expectProofsHold({ constant }: ChangingList, { pages, isWhole }: Walk): void {
  const ids = idsOf(pages);
  expect(ids).toEqual([...new Set(ids)].sort().reverse());
  const shown = new Set<string>();
  for (const page of pages) {
    for (const id of idsOf([page])) shown.add(id);
    const last = idsOf([page]).at(-1) ?? "";
    if (page.isProven)
      expect([...constant].filter((id) => id >= last && !shown.has(id))).toEqual([]);
  }
  if (isWhole) expect([...constant].filter((id) => !shown.has(id))).toEqual([]);
}

const seeds = Array.from({ length: 25 }, (_, index) => testSeed + index);

describe.each<Change>(["nothing", "new rows", "deletions", "anything"])(
  "while %s happens",
  (change) => {
    let random: Random;
    let list: ChangingList;
    let cap: number;
    let total: boolean;
    const begin = (seed: number): void => {
      random = new Random(seed);
      list = new ChangingList(random, change);
      cap = random.oneIn(3) ? random.between(2, 9) : Infinity;
      total = !random.oneIn(4);
      const offsetBy = random.pick(["requested", "served"] as const);
      handler = (request, response) => {
        list.step();
        return listHandler(() => list.rows(), { cap, offsetBy, total })(request, response);
      };
    };

    test.each(seeds)("what counts as proven was shown (seed %i)", async (seed) => {
      begin(seed);
      const size = random.between(2, 12);
      const walked = await walk(size);
      expectProofsHold(list, walked);
      if (change !== "nothing") return;
      const rows = list.rows().map(({ id }) => id);
      expect(idsOf(walked.pages)).toEqual(rows);
      // Smaller pages can't always overlap; without a total, an empty page may be a fault.
      if (total && Math.min(size, cap) >= 5) expect(walked.isWhole).toBe(true);
    });

    test.each(seeds)("a walk can be resumed where it was proven (seed %i)", async (seed) => {
      begin(seed);
      const first = await walk(random.between(2, 12), undefined, random.between(1, 4));
      const next = first.pages.at(-1)?.next;
      if (!next) return;
      const second = await walk(random.between(2, 12), next);
      expectProofsHold(list, { ...second, pages: [...first.pages, ...second.pages] });
    });
  },
);

test.each([1, 30])("a list whose total is too high by %i ends, and is not whole", async (by) => {
  const rows = newRows(23, (index) => ({ id: idText(100 - index) }));
  handler = (request, response) => {
    const { page, size } = pageParams(request);
    const content = rows.slice((page - 1) * size, page * size);
    response.end(JSON.stringify({ page, total: rows.length + by, content }));
  };
  const walked = await walk(10);
  expect(idsOf(walked.pages)).toEqual(rows.map(({ id }) => id));
  expect(walked.isWhole).toBe(false);
});

test.each([23, 60])(
  "a service that sends all %i rows, whichever page is asked for",
  async (count) => {
    const rows = newRows(count, (index) => ({ id: idText(100 - index) }));
    for (const total of [{}, { total: count }]) {
      handler = (_request, response) => {
        response.end(JSON.stringify({ ...total, content: rows }));
      };
      const walked = await walk(50);
      expect(idsOf(walked.pages)).toEqual(rows.map(({ id }) => id));
      expect(walked.isWhole).toBe(true);
    }
  },
);

test("a service that sends the first page again and again is not whole", async () => {
  const rows = newRows(10, (index) => ({ id: idText(100 - index) }));
  for (const total of [{}, { total: 40 }]) {
    handler = (request, response) => {
      const content = rows.slice(0, pageParams(request).size);
      response.end(JSON.stringify({ ...total, content }));
    };
    const walked = await walk(10);
    expect(idsOf(walked.pages)).toEqual(rows.map(({ id }) => id));
    expect(walked.isWhole).toBe(false);
  }
});

test("most walks over a list that changes are proven", async () => {
  let proven = 0;
  for (const seed of seeds) {
    const list = new ChangingList(new Random(seed), "anything");
    handler = (request, response) => {
      list.step();
      return listHandler(() => list.rows())(request, response);
    };
    if ((await walk(10)).isWhole) proven += 1;
  }
  expect(proven).toBeGreaterThan(seeds.length / 2);
});
