import { toTimestamp } from "../../../core/timestamp.ts";
import { epoch } from "./instant.ts";

/**
 * What a project had when it was looked at: the instant in which its newest runs were created, their ids, and how many runs are
 * older. Fewer mean that runs vanished. Of runs that were created later it says nothing.
 */
export interface DeletionBaseline {
  readonly instant: string;
  readonly below: number;
  readonly newest: readonly string[];
}

/** A run, and when it was created. */
export interface RunCreation {
  readonly id: string;
  readonly created: string | undefined;
}

/** So many of the newest runs are looked at; more that were created in the same moment make no landmark. */
export const newestRunCount = 5;

/** The landmark of a project with so many runs, by its newest ones in their order; undefined where it cannot be told. */
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
 * The landmark that a walk leaves behind. It falls with the first run that was shown although the landmark does not count it:
 * should that one vanish, nothing would tell.
 */
export class NextBaseline {
  #landmark: DeletionBaseline | undefined;

  constructor(baseline: DeletionBaseline | undefined) {
    this.#landmark = baseline;
  }

  get landmark(): DeletionBaseline | undefined {
    return this.#landmark;
  }

  /** Takes note of a run that is shown. */
  observe(run: RunCreation): void {
    if (this.#landmark && !isCovered(run, this.#landmark)) this.#landmark = undefined;
  }
}

function isCovered({ id, created }: RunCreation, { instant, newest }: DeletionBaseline): boolean {
  const moment = toTimestamp(created ?? "") ?? "";
  return newest.includes(id) || (moment !== "" && moment < (toTimestamp(instant) ?? ""));
}
