import { createHash } from "node:crypto";
import { SourceError } from "../../core/errors.ts";
import type { Client } from "../client.ts";
import type { Page, PageBody, Pages } from "./page.ts";
import { PageRequests, type NumberPagedList, type PageOffset } from "./page-requests.ts";
import { Totals } from "./totals.ts";

/**
 * The pages of a list that is asked for by `page` (from 1) and `size`.
 *
 * The list ends once the rows so far are its `total`; without one, at the first empty page; a short page says nothing. A page
 * that is too large, or too much for the service, is asked for in a smaller size; behind large rows pages grow again.
 *
 * Throws a SourceError where a page comes again, and what the client throws.
 */
export function numberedPages(client: Client, list: NumberPagedList): Pages<NumberedPage> {
  return new NumberedPages(client, list);
}

export interface NumberedPage extends Page {
  /** Where the page after this one starts. */
  readonly next: PageOffset;
}

interface ReceivedPage extends Pick<PageBody, "page" | "isBareArray"> {
  /** Whether the page came before, and may be the whole list. */
  readonly repeated: boolean;
}

class NumberedPages implements Pages<NumberedPage> {
  complete = false;
  readonly #list: NumberPagedList;
  readonly #requests: PageRequests;
  readonly #totals = new Totals();
  /** The total that each page told, by a digest of its rows. */
  readonly #told = new Map<string, number>();
  /** Rows so far, those that could not be read included. */
  #rows: number;
  #unreadable = 0;
  /** The first page, where it is short: rows of it may come again on pages that start before `end`. */
  #short: { readonly rows: ReadonlySet<string>; readonly end: number } = {
    rows: new Set(),
    end: 0,
  };

  constructor(client: Client, list: NumberPagedList) {
    this.#list = list;
    this.#requests = new PageRequests(client, list);
    this.#rows = list.from?.offset ?? 0;
  }

  get stable(): boolean {
    return this.#totals.stable;
  }

  get total(): number | undefined {
    return this.#totals.latest;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<NumberedPage> {
    const asked = this.#requests.size;
    let repeats = 0;
    let coming: Promise<PageBody> | undefined = this.#nextPage();
    for (let number = 1; coming; number += 1) {
      const { page, isBareArray, repeated }: ReceivedPage = this.#taken(await coming);
      if (isEmpty(page)) break;
      this.#count(page);
      if (repeated) repeats += 1;
      // Once is enough, but for as many rows as were asked for: inserted rows may have moved just these on.
      const unpaged = repeats > 1 || (repeats === 1 && page.rows.length !== asked);
      const isLast = isBareArray || unpaged || this.#rows >= (this.#totals.latest ?? Infinity);
      const next = this.#requests.position;
      coming = isLast ? undefined : this.#ahead();
      if (!repeated) yield { ...page, number, next };
    }
    const missing = this.#rows < (this.#totals.latest ?? 0);
    this.complete = !missing && !this.#totals.shrank && this.#unreadable === 0;
  }

  /** What is needed of a body while rows are made of its page; the bytes themselves are not. */
  #taken({ page, isBareArray, rawRows }: PageBody): ReceivedPage {
    return { page, isBareArray, repeated: !isEmpty(page) && this.#isRepeated(page, rawRows) };
  }

  /** The next page, on its way while rows are made of this one. */
  #ahead(): Promise<PageBody> {
    const page = this.#nextPage();
    // Where nobody goes on to it, its failure is no news.
    page.catch(() => undefined);
    return page;
  }

  /** An empty page before the end may be a moment's weakness, and is asked for again. */
  async #nextPage(): Promise<PageBody> {
    const first = await this.#requests.requestPage();
    const isEarly = isEmpty(first.page) && this.#rows < (first.page.total ?? 0);
    const body = isEarly ? await this.#requests.requestPage() : first;
    this.#totals.add(body.page.total);
    return body;
  }

  #count(page: Omit<Page, "number">): void {
    if (page.unreadable !== undefined) this.#unreadable += 1;
    const { rows: shown } = this.#short;
    const fresh = shown.size === 0 ? page.rows : page.rows.filter((row) => !shown.has(row));
    this.#rows += page.unreadable === undefined ? fresh.length : 1;
    const { position, size } = this.#requests;
    if (position.offset === 0 && page.total !== undefined && page.rows.length < size) {
      this.#short = { rows: new Set(page.rows), end: size };
    }
    this.#requests.advance(page);
  }

  /** Whether a list that tells no total has shown nothing yet but this page; any other page that comes again is an error. */
  #isRepeated({ rows, total, unreadable }: Omit<Page, "number">, sent: Uint8Array): boolean {
    if (unreadable !== undefined || this.#overlaps(rows)) return false;
    const digest = createHash("sha1").update(sent).digest("base64");
    const told = this.#told.get(digest);
    this.#told.set(digest, total ?? 0);
    // Where the total has grown, inserted rows have moved the others on.
    if (told === undefined || (total ?? 0) > told) return false;
    if (total === undefined && this.#told.size === 1) return true;
    throw new SourceError(`${this.#list.path}: a page came again; the pages do not go on`);
  }

  /** A page may be short because the service caps the size, or because it left out rows; then the next starts within it. */
  #overlaps(rows: readonly string[]): boolean {
    const { offset } = this.#requests.position;
    return offset < this.#short.end && rows.every((row) => this.#short.rows.has(row));
  }
}

function isEmpty({ rows, unreadable }: Omit<Page, "number">): boolean {
  return rows.length === 0 && unreadable === undefined;
}
