import { fromEpochMs } from "../../core/timestamp.ts";
import type { ProvenFilters } from "./proven-filters.ts";
import {
  UnprovenError,
  type CreationRange,
  type ListedItem,
  type ListingAnswer,
  type ListingQuestion,
} from "./listing-service.ts";
import { isWithin, type ShownItems } from "./shown-items.ts";

/** A range of creation times, in milliseconds since 1970: `from` inclusive, `below` exclusive. */
interface Window {
  readonly from: number;
  readonly below: number;
}

/** An answer with items, or the last one. */
export interface FollowedAnswer<Item extends ListedItem> extends ListingAnswer<Item> {
  /** Whether pages without items precede it, which may hide items that moved meanwhile. */
  readonly wasFollowed: boolean;
}

const dayMs = 86_400_000;

/** Pages without an item in a row that are followed at most. */
export const maxEmptyPages = 1000;

/** Windows without an item that are halved at most: a service may begin each with an empty page. */
const maxEmptyWindows = 200;

/** Lists ranges of creation times, halved until one answer holds each. Needs no order. */
export class Windows<Item extends ListedItem> {
  readonly #service: ProvenFilters<Item>;
  readonly #shown: ShownItems<Item>;
  #emptyWindows = 0;

  constructor(service: ProvenFilters<Item>, shown: ShownItems<Item>) {
    this.#service = service;
    this.#shown = shown;
  }

  /** Lists all items. */
  async listAll(): Promise<void> {
    const below = Date.now() + dayMs;
    await this.#listOpen({ below: instantOf(0) });
    await this.list({ below });
    await this.#listOpen({ from: instantOf(below) });
  }

  /** Lists the items that were created in a window. */
  async list({ from = 0, below = Date.now() + dayMs }: Partial<Window>): Promise<void> {
    const answer = await this.#ask({ from: instantOf(from), below: instantOf(below) });
    if (!answer.hasNext) return;
    if (answer.items.length === 0) this.#emptyWindows += 1;
    if (this.#emptyWindows > maxEmptyWindows)
      throw new UnprovenError("the service answers with empty pages that are not the last");
    if (below - from <= 1) {
      await this.listInstant(from);
      return;
    }
    const middle = middleOf(answer.items, { from, below });
    await this.list({ from, below: middle });
    await this.list({ from: middle, below });
  }

  /**
   * Lists all items of one millisecond, whatever their number: what was shown is left out of the
   * next question, until nothing is left.
   */
  async listInstant(ms: number): Promise<void> {
    const range = { from: instantOf(ms), below: instantOf(ms + 1) };
    for (;;) {
      const notNamed = this.#shown.within(range).map(({ id }) => id);
      const { hasNext, items } = await this.untilItems({ ...range, notNamed });
      const before = this.#shown.byId.size;
      this.#take(items, range);
      if (!hasNext) return;
      if (this.#shown.byId.size === before)
        throw new UnprovenError("the service shows items again that it was asked to leave out");
    }
  }

  /** Follows pages without items by their cursor, the only use of one. */
  async untilItems(
    question: ListingQuestion,
    first?: ListingAnswer<Item>,
  ): Promise<FollowedAnswer<Item>> {
    let answer = first ?? (await this.#service.ask(question));
    for (let pages = 0; answer.items.length === 0 && answer.hasNext; pages += 1) {
      const { cursor } = answer;
      if (cursor === undefined || cursor === question.after || pages === maxEmptyPages)
        throw new UnprovenError("the service's cursor does not advance");
      question = { ...question, after: cursor };
      answer = await this.#service.ask(question);
    }
    return { ...answer, wasFollowed: question.after !== undefined };
  }

  async #listOpen(range: CreationRange): Promise<void> {
    const { hasNext } = await this.#ask(range);
    if (hasNext) throw new UnprovenError("too many items have an impossible creation time");
  }

  async #ask(range: CreationRange): Promise<ListingAnswer<Item>> {
    const answer = await this.#service.ask(range);
    this.#take(answer.items, range);
    return answer;
  }

  #take(items: ListingAnswer<Item>["items"], range: CreationRange): void {
    if (!items.every((item) => isWithin(item, range))) throw ignoredFilter();
    this.#shown.add(items);
  }
}

/**
 * Where to cut a window that one answer does not hold: in the middle of the items that it shows, as
 * there are most; if all are hidden, in the middle of the time.
 */
function middleOf(items: readonly ListedItem[], { from, below }: Window): number {
  const shown = items.map(({ created }) => Date.parse(created)).sort((a, b) => a - b);
  return Math.max(from + 1, shown[shown.length >> 1] ?? Math.floor((from + below) / 2));
}

/** An instant as fixed-width text. */
export function instantOf(ms: number): string {
  return fromEpochMs(ms) ?? "";
}

/** The filter by creation time does not hold. */
export function ignoredFilter(): UnprovenError {
  return new UnprovenError("the service ignores the filter by creation time");
}
