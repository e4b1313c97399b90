import { KeysetListing, type Listing } from "./list-items.ts";
import { UnprovenError, type ListedItem, type ListingService } from "./listing-service.ts";
import { ProvenFilters } from "./proven-filters.ts";
import type { Recency } from "./saved-list.ts";
import { ShownItems } from "./shown-items.ts";

/**
 * Lists the items that are new or were active since the last listing, as `listItems` lists all.
 * Undefined if all must be listed, because that is due by the service's clock, or because the
 * service does not filter or count as it must.
 *
 * @param knownHidden - Items that an earlier listing found counted and not shown.
 */
export async function listRecentItems<Item extends ListedItem>(
  service: ListingService<Item>,
  { created, active, since, until }: Recency,
  knownHidden: number,
): Promise<Listing<Item> | undefined> {
  const anyOf = [{ from: created }, { activeFrom: active }];
  const recent: ListingService<Item> = {
    ask: (question) => service.ask({ ...question, anyOf }),
  };
  const shown = new ShownItems<Item>();
  try {
    const counts = [{}, { activeBelow: active }, { activeFrom: active }, { anyOf }];
    const first = await recent.ask({ newest: true, counts });
    const { date, hasNext, items } = first;
    if (date < since || date >= until) return undefined;
    const expected = countRecent(first.counts);
    if (hasNext) await new KeysetListing(new ProvenFilters(recent), shown).list(first);
    else shown.add(items);
    // Items may have gone meanwhile; a full listing finds out which ones are hidden.
    if (expected > shown.byId.size + knownHidden) return undefined;
    const common = { isFull: false, doubt: undefined, provesAbsence: false };
    return { ...common, items: shown.byId, hidden: knownHidden, date };
  } catch (error) {
    if (error instanceof UnprovenError) return undefined;
    throw error;
  }
}

/** The number of recent items, if the counts show that the filter by activity works. */
function countRecent(counts: readonly number[] | undefined): number {
  if (!counts) throw new UnprovenError("the service does not count items");
  const [all = 0, inactive = 0, active = 0, recent = 0] = counts;
  if (inactive + active !== all || recent < active)
    throw new UnprovenError("the service does not filter items by activity");
  return recent;
}
