import { countHiddenItems } from "./hidden-items.ts";
import { ProvenFilters } from "./proven-filters.ts";
import { ignoredFilter, instantOf, Windows, type FollowedAnswer } from "./windows.ts";
import {
  UnprovenError,
  type ListedItem,
  type ListingAnswer,
  type ListingQuestion,
  type ListingService,
} from "./listing-service.ts";
import { ShownItems } from "./shown-items.ts";
import { walkTwice } from "./walk-twice.ts";

/** The items of a list, as far as the service shows them. */
export interface Listing<Item extends ListedItem> {
  /** Whether all items were asked for, and not only those that are new or were active. */
  readonly isFull: boolean;
  readonly items: ReadonlyMap<string, Item>;
  /** Why items may be missing; undefined if it is proven that none is. */
  readonly doubt: string | undefined;
  /** How many items the service counts and does not show. */
  readonly hidden: number;
  /** Whether an item that it lacks is gone; otherwise it takes two listings. */
  readonly provesAbsence: boolean;
  /** When the listing began, by the service's clock, in milliseconds since 1970. */
  readonly date: number;
}

/**
 * Lists all items while they come and go, and proves that every item that existed all the time was
 * shown.
 *
 * A cursor may be an offset: an item that comes or goes shifts the rest, so no item is passed by a
 * cursor. Each page is asked for by the creation time of the last item shown. That never
 * changes, and an answer is one moment, so an item that exists all the time is in the answer whose
 * range it belongs to. If the order is not honoured, ranges are halved until one answer holds each;
 * if the filter does not work, two walks by cursor are united, and nothing is proven.
 *
 * @param knownHidden - Items that an earlier listing found counted and not shown; only if there are
 *   more now are they looked for.
 */
export async function listItems<Item extends ListedItem>(
  service: ListingService<Item>,
  knownHidden: number,
): Promise<Listing<Item>> {
  const shown = new ShownItems<Item>();
  const first = await service.ask({ newest: true, counts: [{}] });
  const common = { isFull: true, date: first.date, items: shown.byId, provesAbsence: true };
  const total = first.counts?.[0];
  if (!first.hasNext) {
    shown.add(first.items);
    const hidden = Math.max(0, (total ?? 0) - shown.byId.size);
    return { ...common, doubt: undefined, hidden };
  }
  const filters = new ProvenFilters(service);
  try {
    await new KeysetListing(filters, shown).list(first);
    const excess = Math.max(0, (total ?? 0) - shown.byId.size);
    const hidden = excess > knownHidden ? await countHiddenItems(filters, shown) : excess;
    return { ...common, doubt: undefined, hidden };
  } catch (error) {
    if (!(error instanceof UnprovenError)) throw error;
    await walkTwice(service, shown);
    return { ...common, doubt: error.message, hidden: 0 };
  }
}

/** Later than any item. */
const endOfTime = "9999-12-31T23:59:59.999999Z";

/** How often an instant may lack its items although they exist: they may have just come back. */
const maxAlarms = 2;

/** The items of the last instant shown: the next page must begin with that instant. */
interface Border {
  readonly instant: string;
  readonly ids: readonly string[];
}

/** Lists items from the first answer on, each page from the creation of the last item shown. */
export class KeysetListing<Item extends ListedItem> {
  readonly #service: ProvenFilters<Item>;
  readonly #shown: ShownItems<Item>;
  readonly #windows: Windows<Item>;
  #border: Border | undefined;
  #from: string | undefined;
  #alarms = 0;

  constructor(service: ProvenFilters<Item>, shown: ShownItems<Item>) {
    this.#service = service;
    this.#shown = shown;
    this.#windows = new Windows(service, shown);
  }

  /** Throws an UnprovenError if an item may be missing that existed all the time. */
  async list(first: ListingAnswer<Item>): Promise<void> {
    const end = endOf(first);
    let answer = await this.#windows.untilItems({}, first);
    while (!(await this.#take(answer, end))) {
      answer = await this.#windows.untilItems(this.#question());
    }
  }

  #question(): ListingQuestion {
    return this.#from === undefined ? {} : { from: this.#from };
  }

  /** Takes a page, and returns whether it was the last. */
  async #take(
    { items, hasNext, wasFollowed }: FollowedAnswer<Item>,
    end: string,
  ): Promise<boolean> {
    const [oldest] = items;
    const from = this.#from;
    if (from !== undefined && items.some(({ created }) => created < from)) throw ignoredFilter();
    if (await this.#lacksBorder(oldest)) return false;
    if (!ascend(items)) {
      await this.#windows.listAll();
      return true;
    }
    this.#shown.add(items);
    if (wasFollowed) await this.#listSkipped(oldest);
    const last = items.at(-1)?.created;
    if (!hasNext || last === undefined || last > end) return true;
    await this.#advance(items, last);
    return false;
  }

  /** Whether a page lacks the instant that it must begin with, and is to be asked for again. */
  async #lacksBorder(oldest: ListedItem | undefined): Promise<boolean> {
    const border = this.#border;
    if (!border || oldest?.created === border.instant) return false;
    const { items } = await this.#service.ask({ named: border.ids });
    if (items.length === 0) return false;
    this.#alarms += 1;
    if (this.#alarms > maxAlarms)
      throw new UnprovenError("the service leaves items out of the range they were created in");
    return true;
  }

  /** Lists what pages without items have skipped: items may have moved between two of them. */
  async #listSkipped(oldest: ListedItem | undefined): Promise<void> {
    await this.#windows.list({
      ...(this.#from === undefined ? {} : { from: Date.parse(this.#from) }),
      ...(oldest === undefined ? {} : { below: Date.parse(oldest.created) + 1 }),
    });
  }

  async #advance(items: readonly Item[], last: string): Promise<void> {
    if (last === this.#from) {
      // One instant fills the page.
      const ms = Date.parse(last);
      await this.#windows.listInstant(ms);
      this.#from = instantOf(ms + 1);
      this.#border = undefined;
      return;
    }
    const ids = items.filter(({ created }) => created === last).map(({ id }) => id);
    this.#from = last;
    this.#border = { instant: last, ids };
  }
}

/**
 * A page that ends after this instant is the last: the newest item of the beginning. Unknown if the
 * same answer shows a newer one, because then the service does not know its order.
 */
function endOf({ items, newest }: ListingAnswer<ListedItem>): string {
  const isNewest = newest !== undefined && items.every(({ created }) => created <= newest);
  return isNewest ? newest : endOfTime;
}

function ascend(items: readonly ListedItem[]): boolean {
  return items.every(({ created }, index) => created >= (items[index - 1]?.created ?? ""));
}
