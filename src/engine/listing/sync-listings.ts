import { AsyncMemo } from "../../core/async-memo.ts";
import { listItems, type Listing } from "./list-items.ts";
import { listRecentItems } from "./list-recent-items.ts";
import type { ListedItem, ListingService } from "./listing-service.ts";
import type { SavedList } from "./saved-list.ts";

/** The listings of one sync, which its streams share. */
export class SyncListings<Item extends ListedItem> {
  readonly #service: ListingService<Item>;
  readonly #listings = new AsyncMemo<Listing<Item>>();
  #hasFull = false;

  constructor(service: ListingService<Item>) {
    this.#service = service;
  }

  /** A full listing, or one of the recent items if that is enough and there is no full one yet. */
  list({ hidden, recency }: SavedList): Promise<Listing<Item>> {
    if (!recency || this.#hasFull) return this.listAll(hidden);
    return this.#listings.get(
      JSON.stringify(recency),
      async () =>
        (await listRecentItems(this.#service, recency, hidden)) ?? (await this.listAll(hidden)),
    );
  }

  /**
   * A full listing.
   *
   * @param knownHidden - Items that an earlier one found counted and not shown.
   */
  listAll(knownHidden = 0): Promise<Listing<Item>> {
    this.#hasFull = true;
    return this.#listings.get("", () => listItems(this.#service, knownHidden));
  }
}
