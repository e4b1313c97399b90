import { SourceError } from "../../core/errors.ts";
import type { Body } from "../body.ts";
import type { Client } from "../client.ts";
import {
  memberByPath,
  heldPageBody,
  type List,
  type Page,
  type PageBody,
  type Pages,
} from "./page.ts";
import { Totals } from "./totals.ts";
import { resolveSameOrigin, urlOf } from "../url.ts";

interface LinkPagedList extends List {
  /**
   * Members of the body that may hold the link to the next page, an absolute or relative URL.
   * Default: `next`, `nextUrl`.
   */
  readonly nextKeys?: readonly string[];
}

interface CursorPagedList extends List {
  /**
   * The member of the body that holds the cursor of the next page: `next_cursor`, `meta.cursor`.
   */
  readonly cursorKey: string;
  /** The parameter that sends the cursor back. */
  readonly parameter: string;
}

/** The part of a client that reading a list needs. */
export type ListClient = Pick<Client, "baseUrl" | "request">;

/** Reads a list whose pages link to the next one; it ends at the first page without a link. */
export function linkedPages(client: ListClient, list: LinkPagedList): Pages {
  const { nextKeys = ["next", "nextUrl"] } = list;
  return new ChainedPages(client, list, (body, from) => {
    const links = nextKeys
      .map((key) => memberByPath(body, key))
      .filter((link) => link !== undefined);
    const link = links.find((candidate) => candidate !== "");
    return link === undefined ? undefined : resolveSameOrigin(from.href, asText(link, list.path));
  });
}

/**
 * Reads a list whose pages give the cursor of the next one. It ends at the first page without a
 * cursor; the number of rows does not matter.
 */
export function cursorPages(client: ListClient, list: CursorPagedList): Pages {
  return new ChainedPages(client, list, (body) => {
    const cursor = memberByPath(body, list.cursorKey);
    if (cursor === undefined || cursor === "") return undefined;
    return urlOf(client.baseUrl, list.path, {
      ...list.query,
      [list.parameter]: asText(cursor, list.path),
    });
  });
}

class ChainedPages implements Pages {
  complete = false;
  readonly #totals = new Totals();
  readonly #client: ListClient;
  readonly #list: List;
  readonly #next: (body: unknown, from: URL) => URL | undefined;

  constructor(client: ListClient, list: List, next: (body: unknown, from: URL) => URL | undefined) {
    this.#client = client;
    this.#list = list;
    this.#next = next;
  }

  get stable(): boolean {
    return this.#totals.stable;
  }

  get total(): number | undefined {
    return this.#totals.latest;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Page> {
    const { path, query } = this.#list;
    const seen = new Set<string>();
    let url: URL | undefined = urlOf(this.#client.baseUrl, path, query);
    for (let number = 1; url; number += 1) {
      if (seen.has(url.href))
        throw new SourceError(`${path}: page ${number} is one that was read before`);
      seen.add(url.href);
      const { page, value, isBareArray } = await this.#page(url);
      this.#totals.add(page.total);
      yield { ...page, number };
      url = isBareArray ? undefined : this.#next(value, url);
    }
    this.complete = !this.#totals.shrank;
  }

  async #page(url: URL): Promise<PageBody> {
    const accept = (body: Body): PageBody => heldPageBody(body, this.#list);
    return (await this.#client.request({ method: "GET", path: url.href, accept })).value;
  }
}

function asText(next: unknown, path: string): string {
  if (["string", "number", "bigint"].includes(typeof next)) return String(next);
  throw new SourceError(`${path}: expected the next link or cursor as text, got ${typeof next}`);
}
