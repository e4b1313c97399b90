import type {
  ListedItem,
  ListingAnswer,
  ListingQuestion,
  CreationRange,
  ListingService,
} from "../../../src/engine/listing/listing-service.ts";
import type { Random } from "../../support/random.ts";
import { instantOf } from "../../../src/engine/listing/windows.ts";

/** How a service behaves, and how fast its items change. */
export interface ServiceOptions {
  /** Runs at the beginning. */
  readonly size: number;
  /** Runs in a page at most. */
  readonly page: number;
  /** Changes while one request is answered. */
  readonly rate: number;
  /** The share of items that begin in the same second as the one before. */
  readonly tieShare?: number;
  /** The share of items that the key may not see; they are counted and take up room. */
  readonly hiddenShare?: number;
  /** Every fourth block of so many items is hidden. */
  readonly hiddenBlock?: number;
  /** Every first answer is empty and not the end, whatever was asked, or to longer questions. */
  readonly emptyPages?: "always" | "longer";
  readonly ignoresOrder?: boolean;
  readonly ignoresFilters?: boolean;
  /** Shows the oldest item for the newest. */
  readonly ignoresDescending?: boolean;
  /** The filter by creation time matches nothing. */
  readonly matchesNothing?: boolean;
}

interface Item {
  readonly id: string;
  /** Seconds since 1970. */
  readonly created: number;
  /** The same as fixed-width text. */
  readonly instant: string;
  readonly hidden: boolean;
  visible: boolean;
}

const start = Date.UTC(2026, 0) / 1000;

/**
 * A service with offset cursors whose items begin, are deleted, come back and are tagged late while
 * every single request is answered. Runs of one second come in another order in each answer.
 */
export class ChangingService implements ListingService<ListedItem> {
  requests = 0;
  /** Runs that came or went since the last reset. */
  readonly disturbed = new Set<string>();
  readonly #items: Item[] = [];
  readonly #random: Random;
  readonly #options: ServiceOptions;
  #now = start;
  #serial = 0;

  constructor(options: ServiceOptions, random: Random) {
    this.#options = options;
    this.#random = random;
    while (this.#items.length < options.size) this.#begin();
  }

  /** Items in a page at most. */
  get page(): number {
    return this.#options.page;
  }

  get size(): number {
    return this.#items.length;
  }

  /** Ids of the items that the key can see. */
  visible(): string[] {
    return this.#items.filter(({ visible, hidden }) => visible && !hidden).map(({ id }) => id);
  }

  /** Ids of the items that are deleted or do not match. */
  absent(): string[] {
    return this.#items.filter(({ visible }) => !visible).map(({ id }) => id);
  }

  /** One item begins, goes, comes back, or comes with an old date. */
  change(): void {
    const kind = this.#random.fraction();
    if (kind < 0.3) this.#begin();
    else if (kind < 0.65) this.#toggle(true);
    else if (kind < 0.92) this.#toggle(false);
    else this.#begin(start + Math.floor(this.#random.fraction() * (this.#now - start + 1)));
  }

  ask(question: ListingQuestion): Promise<ListingAnswer<ListedItem>> {
    this.requests += 1;
    for (let left = this.#options.rate; left > 0; left -= 1)
      if (this.#random.fraction() < Math.min(1, left)) this.change();
    return Promise.resolve(this.#answer(question));
  }

  #answer(question: ListingQuestion): ListingAnswer<ListedItem> {
    const { page, emptyPages } = this.#options;
    const { first = page, after, counts, newest } = question;
    const items = this.#ordered(this.#matching(question));
    const limit = Math.min(first, page);
    const isFirst = after === undefined && first > 1 && emptyPages !== undefined;
    const isEmpty = isFirst && (emptyPages === "always" || items.length > limit / 2);
    const offset = Number(after ?? 0);
    const shown = isEmpty ? [] : items.slice(offset, offset + limit);
    const next = isEmpty ? offset : offset + limit;
    return {
      items: shown.filter(({ hidden }) => !hidden).map(toListedItem),
      hasNext: isEmpty || next < items.length,
      cursor: String(next),
      counts: counts?.map((range) => this.#matching(range).length),
      newest: newest ? this.#newest() : undefined,
      date: 0,
    };
  }

  /** The one page of the newest item, which may be hidden. */
  #newest(): string | undefined {
    const { ignoresDescending = false } = this.#options;
    const item = this.#ordered(this.#matching({})).at(ignoresDescending ? 0 : -1);
    return item && !item.hidden ? item.instant : undefined;
  }

  #matching({ from, below, named, notNamed }: ListingQuestion): Item[] {
    const { ignoresFilters = false, matchesNothing = false } = this.#options;
    const items = this.#items.filter(({ visible }) => visible);
    if (ignoresFilters) return items;
    if (matchesNothing && (from !== undefined || below !== undefined)) return [];
    return items.filter(
      (item) =>
        isWithin(item, { ...(from && { from }), ...(below && { below }) }) &&
        named?.includes(item.id) !== false &&
        notNamed?.includes(item.id) !== true,
    );
  }

  #ordered(items: readonly Item[]): Item[] {
    const keyed = items.map((item) => ({ item, tie: this.#random.fraction() }));
    const { ignoresOrder = false } = this.#options;
    keyed.sort((a, b) => (ignoresOrder ? 0 : a.item.created - b.item.created) || a.tie - b.tie);
    return keyed.map(({ item }) => item);
  }

  #begin(given?: number): void {
    const { tieShare = 0.3 } = this.#options;
    if (given === undefined && this.#random.fraction() >= tieShare)
      this.#now += 1 + Math.floor(this.#random.fraction() * 50);
    const id = `r${this.#serial++}`;
    const created = given ?? this.#now;
    const instant = instantOf(created * 1000);
    this.#items.push({ id, created, instant, hidden: this.#isHidden(), visible: true });
    this.disturbed.add(id);
  }

  #isHidden(): boolean {
    const { hiddenShare = 0, hiddenBlock } = this.#options;
    if (hiddenBlock === undefined) return this.#random.fraction() < hiddenShare;
    return this.#serial % (4 * hiddenBlock) < hiddenBlock;
  }

  #toggle(visible: boolean): void {
    const candidates = this.#items.filter((item) => item.visible === visible);
    const item = candidates[Math.floor(this.#random.fraction() * candidates.length)];
    if (!item) return;
    item.visible = !visible;
    this.disturbed.add(item.id);
  }
}

function isWithin({ instant }: Item, { from, below }: CreationRange): boolean {
  return (from === undefined || instant >= from) && (below === undefined || instant < below);
}

function toListedItem({ id, instant }: Item): ListedItem {
  return { id, created: instant };
}
