import {
  UnprovenError,
  type ListedItem,
  type ListingAnswer,
  type ListingQuestion,
  type ListingService,
} from "./listing-service.ts";

/**
 * Passes questions on to a service, and checks with the first filtered one that the filter by
 * creation time works: the items before an instant and those from it on must add up to all. Counts
 * and all are from the same answer, so nothing can change between them.
 */
export class ProvenFilters<Item extends ListedItem> implements ListingService<Item> {
  readonly #service: ListingService<Item>;
  #isProven = false;

  constructor(service: ListingService<Item>) {
    this.#service = service;
  }

  /** Throws an UnprovenError if the service does not filter. */
  async ask(question: ListingQuestion): Promise<ListingAnswer<Item>> {
    const split = question.from ?? question.below;
    if (this.#isProven || split === undefined) return await this.#service.ask(question);
    const counts = [{}, { below: split }, { from: split }, ...(question.counts ?? [])];
    const answer = await this.#service.ask({ ...question, counts });
    if (!answer.counts) throw new UnprovenError("the service does not count items");
    const [all = 0, before = 0, after = 0, ...others] = answer.counts;
    if (before + after !== all)
      throw new UnprovenError("the service does not filter items by creation time");
    this.#isProven = true;
    return { ...answer, counts: others };
  }
}
