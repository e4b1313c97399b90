import { RandomSource, seededRandom } from "../random.ts";
import type { OpikDataset } from "./dataset.ts";
import type { VersionedItem } from "./item-history.ts";

/**
 * A replica that has not received the last writes. Only pages and streams of items come from it,
 * with their `total`; datasets, versions and their counts come from another database.
 */
export interface ReplicaLag {
  /** The id of the only dataset that lags. */
  readonly dataset?: string;
  /**
   * How long after a write it is missing, by the workspace's clock (default: as long as the fault
   * is set). With a seed, each write is missing for a random part of `below`.
   */
  readonly forMs?: number | { readonly below: number; readonly seed: number };
  /** How many items of a version are there before its first write has arrived (default 0). */
  readonly shows?: number | ((items: number) => number);
  /** How many answers come from this replica; then others answer. Counted down by the server. */
  answers?: number;
}

/** The items of a version that the replica shows which answers, newest id first. */
export function replicatedItems(
  { replicaLag: lag }: { readonly replicaLag?: ReplicaLag },
  dataset: OpikDataset,
  { number, nowMs }: { readonly number: number; readonly nowMs: number },
): readonly VersionedItem[] {
  if (!lag || (lag.dataset !== undefined && lag.dataset !== dataset.id))
    return dataset.itemsAt(number);
  if (lag.answers !== undefined && --lag.answers < 0) return dataset.itemsAt(number);
  const writes = dataset.writesTo(number);
  const [first] = writes;
  if (!first) return [];
  const arrived = writes.findLast(({ revision, atMs }) => atMs + lagOf(lag, revision) <= nowMs);
  if (arrived) return dataset.itemsAfter(arrived);
  const rows = dataset.itemsAfter(first);
  const { shows = 0 } = lag;
  return sample(rows, typeof shows === "number" ? shows : shows(rows.length), first.revision);
}

function lagOf({ forMs = Infinity }: ReplicaLag, revision: number): number {
  if (typeof forMs === "number") return forMs;
  return seededRandom(forMs.seed + revision)() * forMs.below;
}

/** A part of the rows in their order; the same for the same seed. */
function sample<T>(rows: readonly T[], size: number, seed: number): readonly T[] {
  const random = new RandomSource(seed);
  const missing = new Set<number>();
  while (rows.length - missing.size > Math.max(0, size)) missing.add(random.below(rows.length));
  return rows.filter((_, index) => !missing.has(index));
}
