import type { SyncRecord } from "../../core/destination.ts";
import { formatCount, formatSeconds } from "./format-numbers.ts";

/** What is known before anything is read. */
interface VerifyCost {
  /** The number of rows in each stream's table. */
  readonly storedRows: ReadonlyMap<string, number>;
  /** Syncs of the same streams. */
  readonly syncs: readonly SyncRecord[];
  readonly keysOnly: boolean;
}

/**
 * A sentence that says what `verify` reads, as far as the database knows: how many rows it has, and
 * what the sync with the most requests took.
 */
export function formatVerifyCost({ storedRows, syncs, keysOnly }: VerifyCost): string {
  const total = [...storedRows.values()].reduce((sum, rows) => sum + rows, 0);
  const read = [...storedRows].map(([name, rows]) => `${name} ${formatCount(rows)}`).join(", ");
  const compared = keysOnly ? "keys" : "every value";
  return `verify reads everything from the service again and compares ${compared}: about ${formatCount(total)} ${total === 1 ? "row" : "rows"}, as stored now (${read})${formatLargest(syncs)}`;
}

function formatLargest(syncs: readonly SyncRecord[]): string {
  const complete = syncs.filter(({ status, endedAt }) => status !== "running" && endedAt);
  const [largest] = complete.toSorted((a, b) => b.transfer.requests - a.transfer.requests);
  if (largest?.endedAt === undefined) return "";
  const { requests } = largest.transfer;
  const seconds = (Date.parse(largest.endedAt) - Date.parse(largest.startedAt)) / 1000;
  return `; the largest sync so far took ${formatCount(requests)} ${requests === 1 ? "request" : "requests"} and ${formatSeconds(seconds)}`;
}
