import { messageOf } from "../../core/errors.ts";
import type { Client } from "../client.ts";
import { isOverload, isTooLarge } from "../http-error.ts";
import type {
  DescendingList,
  DescendingPage,
  DescendingPages,
  DescendingPosition,
} from "./descending-list.ts";
import { heldPageBody, type PageBody } from "./page.ts";
import { PageSize } from "./page-size.ts";
import { descend, idOf } from "./row-ids.ts";
import { nextWindow, reaches, type Window } from "./window.ts";

/**
 * Reads a list by `page` (from 1) and `size`, and proves that every row that exists all the time
 * was in one of the pages, whatever comes or goes between two answers.
 *
 * An answer is one moment, and holds a contiguous range of ids. Each page begins with the last row
 * of the page before it, or above it. If it begins below, that row was deleted, and others may have
 * moved to pages that were already read: it is asked for again further up.
 *
 * A row that the service cannot deliver is isolated and passed.
 */
export function descendingPages(client: Client, list: DescendingList): DescendingPages {
  return new Traversal(client, list);
}

/** How often a traversal goes back because rows were deleted. */
const maxReturns = 20;

/** After more pages in a row than this that miss what was passed, the service is at fault. */
const maxAstray = 20;

/** After more rows in a row than this that cannot be read, the service is at fault. */
const maxUnreadable = 10;

type Answer = Pick<PageBody, "page" | "isBareArray"> & { readonly window: Window };

class Traversal implements DescendingPages {
  total: number | undefined;
  readonly #client: Client;
  readonly #list: DescendingList;
  readonly #size: PageSize;
  /** The number of rows that were passed. */
  #offset: number;
  /** The id of the last row that was passed. */
  #below: string | undefined;
  /** Behind the last row that could not be read: no page can hold it. */
  #floor = 0;
  #isOrdered = true;
  /** The most rows that an answer had; no service is known that sends less than two at a time. */
  #served = 2;
  /** The id of the first row of all. */
  #firstId: string | undefined;
  #isProven = true;
  #isEnded = false;
  #returns = 0;
  /** The latest pages that did not reach what was passed. */
  #astray = 0;
  #unreadable = 0;
  /** Why the last row that could not be read could not. */
  #failure: Error | undefined;

  constructor(client: Client, list: DescendingList) {
    this.#client = client;
    this.#list = list;
    this.#size = new PageSize(Math.max(2, list.size), list);
    this.#offset = list.from?.offset ?? 0;
    this.#below = list.from?.below;
  }

  get isWhole(): boolean {
    return this.#isEnded && this.#isProven;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<DescendingPage> {
    let upcoming: Promise<Answer> | undefined = this.#request();
    let unreadable: DescendingPage[] = [];
    let hasRows = false;
    for (let number = 1; upcoming; number += 1) {
      const page = { ...this.#take(await upcoming), number };
      upcoming = this.#isEnded ? undefined : this.#prefetch();
      if (page.unreadable !== undefined) unreadable.push(page);
      hasRows ||= page.rows.length > 0;
      if (hasRows) {
        yield* unreadable;
        unreadable = [];
      }
      if (page.rows.length > 0) yield page;
    }
    // No single row is at fault if none can be read.
    if (this.#failure !== undefined && !hasRows) throw this.#failure;
  }

  /** Requests the next page while this one is processed. */
  #prefetch(): Promise<Answer> {
    const answer = this.#request();
    // If the consumer stops here, a failure of this page would be an unhandled rejection.
    answer.catch(() => undefined);
    return answer;
  }

  /** Requests the next page, in a smaller size if it is too large or too much for the service. */
  async #request(): Promise<Answer> {
    for (;;) {
      // Without an order, rows that come again could not be told from new ones.
      const floor = this.#isOrdered ? this.#floor : this.#offset;
      const window = nextWindow({ offset: this.#offset, floor, maxRows: this.#size.rows });
      try {
        const answer = await this.#requestWindow(window);
        this.#unreadable = 0;
        return answer;
      } catch (error) {
        if (!this.#size.shrinkAfter(error)) return this.#unreadableRow(window, error);
      }
    }
  }

  async #requestWindow(window: Window): Promise<Answer> {
    const { start, size } = window;
    const { path, query } = this.#list;
    const { value } = await this.#client.request({
      ...this.#size.limits,
      method: "GET",
      path,
      query: { ...query, page: start / size + 1, size },
      accept: (body) => heldPageBody(body, this.#list),
    });
    return { page: value.page, isBareArray: value.isBareArray, window };
  }

  #unreadableRow(window: Window, error: unknown): Answer {
    this.#unreadable += 1;
    const isRow = window.size === 1 && (isTooLarge(error) || isOverload(error));
    if (!(error instanceof Error) || !isRow || this.#unreadable > maxUnreadable) throw error;
    this.#failure = error;
    this.#size.restore();
    const page = { rows: [], bytes: 0, unreadable: messageOf(error) };
    return { page, isBareArray: false, window };
  }

  #take({ page, isBareArray, window }: Answer): Omit<DescendingPage, "number"> {
    if (page.unreadable !== undefined) return this.#skip(page, window);
    this.total = page.total ?? this.total;
    const ids = page.rows.map(idOf);
    this.#isOrdered &&= descend(ids);
    const isAll = this.#isAll(ids, window);
    if (isAll) this.#isProven = ids.length >= (page.total ?? 0);
    else if (!this.#joins(ids[0], window)) {
      if (this.#goBack(window)) return { ...page, rows: [], isProven: true, next: undefined };
      this.#isProven = false;
    }
    const below = this.#isOrdered ? this.#below : undefined;
    const rows = page.rows.filter((_, index) => below === undefined || (ids[index] ?? "") < below);
    const isAstray = below !== undefined && !reaches({ offset: this.#offset, below }, window, ids);
    this.#advance(page, window, ids.at(-1));
    if (isAstray) this.#capSize(ids.length);
    this.#astray = isAstray ? this.#astray + 1 : 0;
    const isLost = this.#astray > maxAstray;
    if (isLost) this.#isProven = false;
    if (isBareArray || isAll || isLost) this.#isEnded = true;
    if (!isAstray && this.#isLast(page, window, rows.length)) this.#isEnded = true;
    return { ...page, rows, isProven: this.#isProven, next: this.#position };
  }

  /** Whether the service sends all it has, whichever page is asked for and of whatever size. */
  #isAll(ids: readonly string[], { start, size }: Window): boolean {
    if (start === 0) this.#firstId = ids[0];
    return start > 0 && ids.length > size && ids.includes(this.#firstId ?? "");
  }

  get #position(): DescendingPosition | undefined {
    if (!this.#isOrdered || !this.#isProven || this.#below === undefined) return undefined;
    return { offset: this.#offset, below: this.#below };
  }

  #skip(page: Answer["page"], { start }: Window): Omit<DescendingPage, "number"> {
    this.#offset = start + 1;
    this.#floor = this.#offset;
    this.#below = undefined;
    this.#isProven = false;
    return { ...page, isProven: false, next: undefined, unreadableAt: start };
  }

  /** Whether nothing can be missing between the rows that were passed and a page. */
  #joins(first: string | undefined, { start }: Window): boolean {
    if (start === 0) return first !== undefined || this.total === 0;
    return this.#isOrdered && first !== undefined && first >= (this.#below ?? "\uffff");
  }

  /** Goes back behind rows that were deleted; returns false if that would prove nothing. */
  #goBack({ start, size }: Window): boolean {
    const isOverlapping = start > 0 && start < this.#offset;
    if (!isOverlapping || !this.#isOrdered || !this.#isProven) return false;
    this.#offset = Math.max(0, start - size);
    return (this.#returns += 1) <= maxReturns;
  }

  #advance({ rows, bytes }: Answer["page"], { start, size }: Window, last?: string): void {
    this.#offset = start + rows.length;
    this.#served = Math.max(this.#served, rows.length);
    const isShort = rows.length > 0 && rows.length < size;
    if (isShort && this.#offset < (this.total ?? Infinity)) this.#capSize(rows.length);
    const isAbove = this.#isOrdered && this.#below !== undefined && (last ?? "") > this.#below;
    if (!isAbove) this.#below = last ?? this.#below;
    this.#size.adaptTo(bytes);
  }

  /** The service may have a maximum of its own. */
  #capSize(rows: number): void {
    this.#size.capAt(Math.max(2, rows));
  }

  /**
   * Whether a page is the last: by the total, or because it shows nothing new, although the service
   * has shown that it can send more rows at a time.
   */
  #isLast({ rows, total }: Answer["page"], { start, size }: Window, newRows: number): boolean {
    if (rows.length === 0) return true;
    const end = start + rows.length;
    const isExpected = end >= (this.#list.expected ?? 0);
    if (total !== undefined && end >= total && (rows.length < size || isExpected)) return true;
    const showsNoMore = newRows === 0 && rows.length < size && size <= this.#served;
    if (showsNoMore && end < (total ?? 0)) this.#isProven = false;
    return showsNoMore;
  }
}
