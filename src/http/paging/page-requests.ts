import { messageOf } from "../../core/errors.ts";
import type { Client } from "../client.ts";
import { isTooLarge } from "../http-error.ts";
import { PageSize, type PageByteLimits } from "./page-size.ts";
import { pageBody, type List, type Page, type PageBody } from "./page.ts";

/** Where a walk stands in a list that holds still: rows before it, a multiple of the size of its pages. */
export interface PageOffset {
  readonly offset: number;
  readonly size: number;
}

/** A row that is above `maxRowBytes` is passed over as unreadable. */
export interface NumberPagedList extends List, PageByteLimits {
  /** Rows to ask for per page. Default: 100. */
  readonly size?: number;
  /** Where to start: the `next` of a page of an earlier walk. Only for a list that has not changed since. */
  readonly from?: PageOffset;
}

/** More unreadable rows than this, one after the other, mean that it is not the rows. */
const maxUnreadable = 3;

/** Asks for the pages of a list, one after the other, in a size that both sides can bear. */
export class PageRequests {
  readonly #client: Client;
  readonly #list: NumberPagedList;
  readonly #size: PageSize;
  #place: PageOffset;
  /** The largest page that the service has given: it may cap those above. */
  #given: number;
  #unreadable = 0;

  constructor(client: Client, list: NumberPagedList) {
    const { size = 100, from = { offset: 0, size } } = list;
    this.#client = client;
    this.#list = list;
    this.#size = new PageSize(size, { ...list, rows: from.size });
    this.#place = from;
    this.#given = from.size;
  }

  /** Where the walk stands, and a size that the service gives. */
  get position(): PageOffset {
    return this.#place;
  }

  /** Rows that were asked for last, or are to be next. */
  get size(): number {
    return this.#size.rows;
  }

  /** The page that starts where the walk stands. */
  async requestPage(): Promise<PageBody> {
    for (;;) {
      try {
        const body = await this.#request();
        if (!this.#isCapped(body.page)) return body;
        this.#size.capAt(this.#given);
      } catch (error) {
        if (!this.#size.shrinkAfter(error)) return this.#passedOver(error);
      }
      this.#size.alignTo(this.#place.offset);
    }
  }

  /** Goes on behind a page. */
  advance({ rows, bytes, total }: Omit<Page, "number">): void {
    const { offset } = this.#place;
    const isTold = total !== undefined && rows.length > 0;
    // Where the service caps the size or ignores it, its own size is the one that loses no rows.
    if (offset === 0 && isTold && rows.length !== this.#size.rows) this.#size.capAt(rows.length);
    const size = this.#size.rows;
    this.#given = offset === 0 ? size : Math.max(this.#given, size);
    this.#place = { offset: offset + size, size };
    this.#size.adaptTo(bytes);
    this.#size.alignTo(this.#place.offset);
  }

  async #request(): Promise<PageBody> {
    const { path, query } = this.#list;
    const size = this.#size.rows;
    const answer = await this.#client.request({
      ...this.#size.limits,
      method: "GET",
      path,
      query: { ...query, page: this.#place.offset / size + 1, size },
      accept: (body) => pageBody(body, this.#list),
    });
    this.#unreadable = 0;
    return answer.value;
  }

  /** Whether a page that is to be larger than those before is not, so that it may start somewhere else. The last one may have to be asked for again for that. */
  #isCapped({ rows }: PageBody["page"]): boolean {
    return this.#size.rows > this.#given && rows.length < this.#size.rows;
  }

  /** A row that is too large even on its own does not hold up the others. */
  #passedOver(error: unknown): PageBody {
    this.#unreadable += 1;
    if (!isTooLarge(error) || this.#unreadable > maxUnreadable) throw error;
    const page = { rows: [], bytes: 0, unreadable: messageOf(error) };
    return { page, value: undefined, isBareArray: false, rawRows: new Uint8Array() };
  }
}
