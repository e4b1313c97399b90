import { UnprovenError, type ListedItem, type ListingService } from "./listing-service.ts";

/** Items that one request asks for by name. */
const maxNames = 500;

/** Witnesses to try: each may be deleted in the very moment. */
const maxWitnesses = 3;

/**
 * Which of these items, which a proven listing lacks, do not exist or do not match the configured
 * filters. They are asked for by name, and one is gone only if one answer that is whole
 * lacks it and has an item that was just shown, the witness: a filter by name that matches nothing
 * would make every item look gone.
 *
 * @param witnesses - Ids of items that were just shown; empty only if the project shows none.
 */
export async function findGoneItems<Item extends ListedItem>(
  service: ListingService<Item>,
  names: readonly string[],
  witnesses: readonly string[],
): Promise<ReadonlySet<string>> {
  const gone = new Set<string>();
  let [witness, ...others] = witnesses.slice(-maxWitnesses).reverse();

  const askFor = async (ids: readonly string[]): Promise<void> => {
    const named = witness === undefined ? ids : [...ids, witness];
    const { items, hasNext } = await service.ask({ named, first: named.length });
    const shown = new Set(items.map(({ id }) => id));
    const rest = ids.filter((id) => !shown.has(id));
    if (rest.length === 0) return;
    if (hasNext) await askAgain(rest, rest.length < ids.length);
    else if (witness === undefined || shown.has(witness)) for (const id of rest) gone.add(id);
    else {
      if (others.length === 0) throw new UnprovenError("the filter by name matches nothing");
      [witness, ...others] = others;
      await askFor(rest);
    }
  };

  /** An answer that is not whole says nothing about what it lacks. */
  const askAgain = async (rest: readonly string[], hasShownSome: boolean): Promise<void> => {
    if (hasShownSome) await askFor(rest);
    else if (rest.length > 1) {
      const half = rest.length >> 1;
      await askFor(rest.slice(0, half));
      await askFor(rest.slice(half));
    }
  };

  for (let start = 0; start < names.length; start += maxNames) {
    await askFor(names.slice(start, start + maxNames));
  }
  return gone;
}
