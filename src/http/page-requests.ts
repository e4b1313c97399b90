import { messageOf } from "../core/errors.ts";
import type { Client, GetOptions } from "./client.ts";
import { isOverload, isTooLarge } from "./failure.ts";
import { comfortablePageBytes, mostPageBytes, mostRowBytes } from "./page-bytes.ts";
import { pageBody, type List, type Page, type PageBody } from "./page.ts";

/** Where a walk stands in a list that holds still: rows before it, a multiple of the size of its pages. */
export interface Place {
  readonly offset: number;
  readonly size: number;
}

export interface NumberedList extends List {
  /** Rows to ask for per page. Default: 100. */
  readonly size?: number;
  /** Bytes of a page above which the following ones are asked for in half the size. Default: 4 MiB. */
  readonly comfortableBytes?: number;
  /** Bytes of a page of several rows above which it is given up, and fewer are asked for. Default: 8 MiB. */
  readonly maxPageBytes?: number;
  /** Bytes that a page of a single row may have; one above it is passed over as unreadable. Default: 256 MiB. */
  readonly maxRowBytes?: number;
  /** Where to start: the `next` of a page of an earlier walk. Only for a list that has not changed since. */
  readonly from?: Place;
}

/** More unreadable rows than this, one after the other, mean that it is not the rows. */
const maxUnreadable = 3;

/** For half of a page: patience has been shown with the whole. */
const hasty = { retryAttempts: 1 };

/** Asks for the pages of a list, one after the other, in a size that both sides can bear. */
export class PageRequests {
  readonly #client: Client;
  readonly #list: NumberedList;
  #size: number;
  /** Where the next page starts: always a multiple of the size. */
  #offset: number;
  #unreadable = 0;

  constructor(client: Client, list: NumberedList) {
    this.#client = client;
    this.#list = list;
    this.#size = list.from?.size ?? list.size ?? 100;
    this.#offset = list.from?.offset ?? 0;
  }

  /** Where the walk stands. */
  get place(): Place {
    return { offset: this.#offset, size: this.#size };
  }

  /** The page that starts where the walk stands. */
  async ask(): Promise<PageBody> {
    for (let retries = {}; ; retries = hasty) {
      try {
        return await this.#request(retries);
      } catch (error) {
        if (!isTooLarge(error) && !isOverload(error)) throw error;
        if (this.#size === 1) return this.#passedOver(error);
        // What is too much for the service may be just as well a service that is down, which should not take long to find out.
        this.#shrink(isTooLarge(error) ? 2 : 8);
      }
    }
  }

  /** Goes on behind a page. */
  advance({ rows, bytes, total }: Omit<Page, "number">): void {
    // Where the service caps the size or ignores it, its own size is the one that loses no rows.
    const isTold = total !== undefined && rows.length > 0;
    if (this.#offset === 0 && isTold) this.#size = rows.length;
    this.#offset += this.#size;
    if (bytes > (this.#list.comfortableBytes ?? comfortablePageBytes)) this.#shrink(2);
  }

  async #request(retries: Pick<GetOptions, "retryAttempts">): Promise<PageBody> {
    const { path, query, maxPageBytes = mostPageBytes, maxRowBytes = mostRowBytes } = this.#list;
    const page = this.#offset / this.#size + 1;
    const answer = await this.#client.request({
      ...retries,
      method: "GET",
      path,
      query: { ...query, page, size: this.#size },
      maxResponseBytes: this.#size === 1 ? maxRowBytes : maxPageBytes,
      accept: (body) => pageBody(body, this.#list),
    });
    this.#unreadable = 0;
    return answer.value;
  }

  /** A row that is too large even on its own does not hold up the others. */
  #passedOver(error: unknown): PageBody {
    this.#unreadable += 1;
    if (!isTooLarge(error) || this.#unreadable > maxUnreadable) throw error;
    const page = { rows: [], bytes: 0, unreadable: messageOf(error) };
    return { page, value: undefined, bare: false, sent: new Uint8Array() };
  }

  /** A part of the size or less, so that a page can still start where the walk stands. */
  #shrink(parts: number): void {
    let size = Math.max(1, Math.floor(this.#size / parts));
    while (this.#offset % size !== 0) size -= 1;
    this.#size = size;
  }
}
