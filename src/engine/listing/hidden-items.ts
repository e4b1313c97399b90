import type { CreationRange, ListedItem, ListingService } from "./listing-service.ts";
import type { ShownItems } from "./shown-items.ts";

/** Ranges with more items than this are split by their counts before they are listed. */
const maxListed = 500;

/** Requests to spend; the counts alone decide about what they do not reach. */
const maxRequests = 40;

/**
 * How many items the service counts and does not show. Finds the ranges with more items than were
 * shown by halving, and lists each once more. Only counts and items of one answer are compared:
 * items come and go between two.
 */
export async function countHiddenItems<Item extends ListedItem>(
  service: ListingService<Item>,
  shown: ShownItems<Item>,
): Promise<number> {
  let requests = 0;

  const inRange = async (range: CreationRange, counted: number): Promise<number> => {
    const known = shown.within(range);
    if (counted <= known.length) return 0;
    if (requests >= maxRequests) return counted - known.length;
    requests += 1;
    const middle = known[known.length >> 1]?.created;
    if (known.length <= maxListed || middle === undefined || middle === known[0]?.created)
      return await listAgain(range);
    const halves = [
      { ...range, below: middle },
      { ...range, from: middle },
    ];
    const { counts = [] } = await service.ask({ ...range, first: 1, counts: halves });
    let hidden = 0;
    for (const [index, half] of halves.entries()) hidden += await inRange(half, counts[index] ?? 0);
    return hidden;
  };

  const listAgain = async (range: CreationRange): Promise<number> => {
    const { items, counts = [], hasNext } = await service.ask({ ...range, counts: [range] });
    shown.add(items);
    const visible = hasNext ? shown.within(range).length : items.length;
    return Math.max(0, (counts[0] ?? 0) - visible);
  };

  return await inRange({}, Infinity);
}
