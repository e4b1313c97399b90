import { createHash } from "node:crypto";
import { SourceError } from "../../core/errors.ts";
import type { Client } from "../client.ts";
import type { Page, PageBody, Pages } from "./page.ts";
import { PageRequests, type NumberPagedList, type PageOffset } from "./page-requests.ts";
import { Totals } from "./totals.ts";

/**
 * Reads a list by `page` (from 1) and `size`.
 *
 * The list ends when `total` rows were read; without a total, at the first empty page. A short page
 * means nothing. A page that is too large, or too much for the service, is requested again in a
 * smaller size; after large rows, pages grow again.
 *
 * Throws a SourceError if a page repeats, and what the client throws.
 */
export function numberedPages(client: Client, list: NumberPagedList): Pages<NumberedPage> {
  return new NumberedPages(client, list);
}

/** A page that knows where the next one starts. */
export interface NumberedPage extends Page {
  /** Where the next page starts. */
  readonly next: PageOffset;
}

interface ReceivedPage extends Pick<PageBody, "page" | "isBareArray"> {
  /** The same page was received before, and may be the whole list. */
  readonly repeated: boolean;
}

class NumberedPages implements Pages<NumberedPage> {
  complete = false;
  readonly #list: NumberPagedList;
  readonly #requests: PageRequests;
  readonly #totals = new Totals();
  /** The total that each page reported, by a digest of its rows. */
  readonly #totalsByDigest = new Map<string, number>();
  /** The number of rows so far, unreadable ones included. */
  #rows: number;
  #unreadable = 0;
  /** The first page, if it is short: its rows may repeat on pages that start before `end`. */
  #shortPage: { readonly rows: ReadonlySet<string>; readonly end: number } = {
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
    const requestedSize = this.#requests.size;
    let repeats = 0;
    let upcoming: Promise<PageBody> | undefined = this.#nextPage();
    for (let number = 1; upcoming; number += 1) {
      const { page, isBareArray, repeated }: ReceivedPage = this.#receive(await upcoming);
      if (isEmpty(page)) break;
      this.#count(page);
      if (repeated) repeats += 1;
      // One repeat proves that the service does not page, unless the page is full: then inserted
      // rows may have shifted exactly these to the next page.
      const isUnpaged = repeats > 1 || (repeats === 1 && page.rows.length !== requestedSize);
      const isLast = isBareArray || isUnpaged || this.#rows >= (this.#totals.latest ?? Infinity);
      const next = this.#requests.position;
      upcoming = isLast ? undefined : this.#prefetch();
      if (!repeated) yield { ...page, number, next };
    }
    const missing = this.#rows < (this.#totals.latest ?? 0);
    this.complete = !missing && !this.#totals.shrank && this.#unreadable === 0;
  }

  /** Drops the body's bytes, so that they can be freed while the page is processed. */
  #receive({ page, isBareArray, rawRows }: PageBody): ReceivedPage {
    return { page, isBareArray, repeated: !isEmpty(page) && this.#isRepeated(page, rawRows) };
  }

  /** Requests the next page while this one is processed. */
  #prefetch(): Promise<PageBody> {
    const page = this.#nextPage();
    // If the consumer stops here, a failure of this page would be an unhandled rejection.
    page.catch(() => undefined);
    return page;
  }

  /** An empty page before the end may be a glitch of the service, so it is requested once more. */
  async #nextPage(): Promise<PageBody> {
    const first = await this.#requests.requestPage();
    const isEarly = isEmpty(first.page) && this.#rows < (first.page.total ?? 0);
    const body = isEarly ? await this.#requests.requestPage() : first;
    this.#totals.add(body.page.total);
    return body;
  }

  #count(page: Omit<Page, "number">): void {
    if (page.unreadable !== undefined) this.#unreadable += 1;
    const { rows: seen } = this.#shortPage;
    const newRows = seen.size === 0 ? page.rows : page.rows.filter((row) => !seen.has(row));
    this.#rows += page.unreadable === undefined ? newRows.length : 1;
    const { position, size } = this.#requests;
    if (position.offset === 0 && page.total !== undefined && page.rows.length < size) {
      this.#shortPage = { rows: new Set(page.rows), end: size };
    }
    this.#requests.advance(page);
  }

  /**
   * True if the list has no total and consists of nothing but this page so far. Throws for any
   * other page that repeats.
   */
  #isRepeated({ rows, total, unreadable }: Omit<Page, "number">, rawRows: Uint8Array): boolean {
    if (unreadable !== undefined || this.#overlaps(rows)) return false;
    const digest = createHash("sha1").update(rawRows).digest("base64");
    const previousTotal = this.#totalsByDigest.get(digest);
    this.#totalsByDigest.set(digest, total ?? 0);
    // If the total has grown, inserted rows have shifted these to a later page.
    if (previousTotal === undefined || (total ?? 0) > previousTotal) return false;
    if (total === undefined && this.#totalsByDigest.size === 1) return true;
    throw new SourceError(`${this.#list.path}: the same page came twice; paging does not advance`);
  }

  /**
   * Whether these rows all belong to a short first page. It is short because the service caps the
   * size or because it left out rows; in that case the next page starts within it.
   */
  #overlaps(rows: readonly string[]): boolean {
    const { offset } = this.#requests.position;
    return offset < this.#shortPage.end && rows.every((row) => this.#shortPage.rows.has(row));
  }
}

function isEmpty({ rows, unreadable }: Omit<Page, "number">): boolean {
  return rows.length === 0 && unreadable === undefined;
}
