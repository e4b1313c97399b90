import { messageOf } from "../../core/errors.ts";
import type { Client } from "../client.ts";
import { isTooLarge } from "../http-error.ts";
import { PageSize, type PageByteLimits } from "./page-size.ts";
import { heldPageBody, type List, type Page, type PageBody } from "./page.ts";

/** A position in a list that does not change. Saved in checkpoints. */
export interface PageOffset {
  /** The number of rows before it, a multiple of `size`. */
  readonly offset: number;
  /** Rows per page. */
  readonly size: number;
}

/**
 * A list that is read by page number and size. Rows above `maxRowBytes` are skipped as unreadable.
 */
export interface NumberPagedList extends List, PageByteLimits {
  /** Rows per page, at most. Default: 100. */
  readonly size?: number;
  /** Where to start: the `next` of a page read earlier. Only if the list has not changed since. */
  readonly from?: PageOffset;
}

/** After more unreadable rows in a row than this, the service is at fault, not the rows. */
const maxUnreadable = 3;

/** Requests the pages of a list in order, in a size that the service and our limits allow. */
export class PageRequests {
  readonly #client: Client;
  readonly #list: NumberPagedList;
  readonly #size: PageSize;
  #position: PageOffset;
  /** The largest page size that the service has honoured; it may cap larger ones. */
  #honouredSize: number;
  #unreadable = 0;

  constructor(client: Client, list: NumberPagedList) {
    const { size = 100, from = { offset: 0, size } } = list;
    this.#client = client;
    this.#list = list;
    this.#size = new PageSize(size, { ...list, rows: from.size });
    this.#position = from;
    this.#honouredSize = from.size;
  }

  /** Where the next page starts, and a page size that the service honours. */
  get position(): PageOffset {
    return this.#position;
  }

  /** Rows per page, of the latest request until `advance`, then of the next. */
  get size(): number {
    return this.#size.rows;
  }

  /** Requests the page at the current position. */
  async requestPage(): Promise<PageBody> {
    for (;;) {
      try {
        const body = await this.#request();
        if (!this.#isCapped(body.page)) return body;
        this.#size.capAt(this.#honouredSize);
      } catch (error) {
        if (!this.#size.shrinkAfter(error)) return this.#skipRow(error);
      }
      this.#size.alignTo(this.#position.offset);
    }
  }

  /** Moves past a page. */
  advance({ rows, bytes, total }: Omit<Page, "number">): void {
    const { offset } = this.#position;
    const isCounted = total !== undefined && rows.length > 0;
    // If the service caps or ignores the size, only its own size loses no rows.
    if (offset === 0 && isCounted && rows.length !== this.#size.rows) this.#size.capAt(rows.length);
    const size = this.#size.rows;
    this.#honouredSize = offset === 0 ? size : Math.max(this.#honouredSize, size);
    this.#position = { offset: offset + size, size };
    this.#size.adaptTo(bytes);
    this.#size.alignTo(this.#position.offset);
  }

  async #request(): Promise<PageBody> {
    const { path, query } = this.#list;
    const size = this.#size.rows;
    const { value } = await this.#client.request({
      ...this.#size.limits,
      method: "GET",
      path,
      query: { ...query, page: this.#position.offset / size + 1, size },
      accept: (body) => heldPageBody(body, this.#list),
    });
    this.#unreadable = 0;
    return value;
  }

  /**
   * Whether a page is shorter than a size the service has not honoured yet: it may have been
   * capped, and then starts at another offset. The last page may be requested again for nothing.
   */
  #isCapped({ rows }: PageBody["page"]): boolean {
    return this.#size.rows > this.#honouredSize && rows.length < this.#size.rows;
  }

  /** Replaces a row that is too large by an unreadable page, so that the others can be read. */
  #skipRow(error: unknown): PageBody {
    this.#unreadable += 1;
    if (!isTooLarge(error) || this.#unreadable > maxUnreadable) throw error;
    const page = { rows: [], bytes: 0, unreadable: messageOf(error) };
    return { page, value: undefined, isBareArray: false, rawRows: new Uint8Array() };
  }
}
