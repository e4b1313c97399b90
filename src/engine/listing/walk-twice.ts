import { SourceError } from "../../core/errors.ts";
import type { ListedItem, ListingService } from "./listing-service.ts";
import type { ShownItems } from "./shown-items.ts";
import { maxEmptyPages } from "./windows.ts";

/**
 * Walks the list by cursor, twice, because items are skipped where it shifts. The union proves
 * nothing, but shows what can be shown. Throws a SourceError if the cursor does not advance.
 */
export async function walkTwice<Item extends ListedItem>(
  service: ListingService<Item>,
  shown: ShownItems<Item>,
): Promise<void> {
  await walk(service, shown);
  await walk(service, shown);
}

async function walk<Item extends ListedItem>(
  service: ListingService<Item>,
  shown: ShownItems<Item>,
): Promise<void> {
  const cursors = new Set<string>();
  let emptyPages = 0;
  for (let after: string | undefined; ;) {
    const { items, hasNext, cursor } = await service.ask(after === undefined ? {} : { after });
    shown.add(items);
    if (!hasNext) return;
    emptyPages = items.length === 0 ? emptyPages + 1 : 0;
    if (cursor === undefined || cursors.has(cursor) || emptyPages > maxEmptyPages)
      throw new SourceError("the list of items: the cursor does not advance");
    cursors.add(cursor);
    after = cursor;
  }
}
