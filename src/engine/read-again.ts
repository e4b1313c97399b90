import type { QuarantinedEntry } from "../core/source.ts";
import { toTimestamp } from "../core/timestamp.ts";

/**
 * Where a read that would begin at `since` must begin to meet what is in quarantine again: at the
 * lowest of the entries' cursors. Undefined: at the start, because one of them has none. Entries
 * without any location are objects without a key, which no read could tell from new ones.
 *
 * @param columns - The columns by which the service selects rows; the first timestamp counts.
 */
export function sinceQuarantined(
  since: string,
  entries: readonly QuarantinedEntry[],
  columns: readonly string[],
): string | undefined {
  let lowest = since;
  for (const { where } of entries) {
    if (Object.keys(where).length === 0) continue;
    const texts = columns.map((column) => where[column]);
    const instants = texts.map((text) =>
      typeof text === "string" ? toTimestamp(text) : undefined,
    );
    const cursor = instants.find((instant) => instant !== undefined);
    if (cursor === undefined) return undefined;
    if (cursor < lowest) lowest = cursor;
  }
  return lowest;
}
