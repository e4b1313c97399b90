import { toTimestamp } from "../../../core/timestamp.ts";
import { epoch } from "./instant.ts";

/**
 * How many runs a project had up to a creation time. If there are fewer later, runs were deleted.
 * It says nothing about runs created after that time. Saved in checkpoints under these names.
 */
export interface DeletionBaseline {
  /** When the newest runs were created. */
  readonly instant: string;
  /** How many runs were created before `instant`. */
  readonly below: number;
  /** The ids of the runs created at `instant`. */
  readonly newest: readonly string[];
}

/** A run and when it was created. */
export interface RunCreation {
  readonly id: string;
  readonly created: string | undefined;
}

/**
 * How many of the newest runs are looked at. If more than these were created at the same instant,
 * no baseline can be derived.
 */
export const newestRunCount = 5;

/**
 * The baseline of a project with `total` runs, from its newest ones, newest first. Undefined if
 * their creation times do not tell how many runs are older.
 */
export function baselineFrom(
  newest: readonly RunCreation[],
  total: number,
): DeletionBaseline | undefined {
  if (total === 0) return { instant: epoch, below: 0, newest: [] };
  const instants = newest.map(({ created }) => toTimestamp(created ?? ""));
  const [instant] = instants;
  const ids = newest.filter((_, index) => instants[index] === instant).map(({ id }) => id);
  const mayBeMore = ids.length === newest.length && total > ids.length;
  if (instant === undefined || mayBeMore) return undefined;
  return { instant, below: total - ids.length, newest: ids };
}

/**
 * The baseline that the sync will save. It is dropped with the first run read that it does not
 * cover, as the deletion of that run would go unnoticed.
 */
export class NextBaseline {
  #baseline: DeletionBaseline | undefined;

  constructor(baseline: DeletionBaseline | undefined) {
    this.#baseline = baseline;
  }

  /** Undefined once it was dropped. */
  get value(): DeletionBaseline | undefined {
    return this.#baseline;
  }

  /** Checks a run that was read against the baseline. */
  observe(run: RunCreation): void {
    if (this.#baseline && !isCovered(run, this.#baseline)) this.#baseline = undefined;
  }
}

function isCovered({ id, created }: RunCreation, { instant, newest }: DeletionBaseline): boolean {
  const createdAt = toTimestamp(created ?? "") ?? "";
  return newest.includes(id) || (createdAt !== "" && createdAt < (toTimestamp(instant) ?? ""));
}
