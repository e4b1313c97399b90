import type { Batch, Checkpoints } from "../../../core/source.ts";
import { runIdOf, type ProjectScope } from "../project/project-scope.ts";
import { epoch } from "../reader/instant.ts";
import { parseRunCheckpoint } from "./run-checkpoint.ts";

/** With fewer runs than this, pruning is not worth a pass. */
const minRunsToPrune = 500;

/**
 * Finished runs whose checkpoints are kept because a listing may return them again: those that the
 * high-water mark, less the lookback, has not passed. The others are forgotten, which keeps the
 * state small.
 */
export class FinishedRuns {
  readonly #lookbackMs: number;
  /** The cursor value of each partition, in milliseconds since 1970. */
  readonly #lastSeenMs = new Map<string, number>();
  #pruneAt = minRunsToPrune;

  constructor(lookbackMs: number) {
    this.#lookbackMs = lookbackMs;
  }

  /** Adds the project's runs from the checkpoints of earlier syncs. */
  load(checkpoints: Checkpoints, scope: ProjectScope): void {
    for (const [partition, checkpoint] of checkpoints) {
      if (runIdOf(scope, partition) !== undefined) this.record({ partition, checkpoint });
    }
  }

  /** Records the checkpoint of a batch. */
  record({ partition, checkpoint }: Pick<Batch, "partition" | "checkpoint">): void {
    if (partition === undefined || checkpoint === undefined) return;
    const done = checkpoint && parseRunCheckpoint(checkpoint).done;
    if (done) this.#lastSeenMs.set(partition, Date.parse(done.lastSeen ?? epoch));
    else this.#lastSeenMs.delete(partition);
  }

  /**
   * Removes and returns the partitions that the mark has passed, once there are enough of them or
   * the sync has ended.
   */
  removePassed(mark: string | undefined, ended: boolean): readonly string[] {
    if (mark === undefined || (!ended && this.#lastSeenMs.size < this.#pruneAt)) return [];
    const before = Date.parse(mark) - this.#lookbackMs;
    const passed = [...this.#lastSeenMs]
      .filter(([, lastSeenMs]) => lastSeenMs < before)
      .map(([key]) => key);
    for (const key of passed) this.#lastSeenMs.delete(key);
    this.#pruneAt = Math.max(minRunsToPrune, this.#lastSeenMs.size * 2);
    return passed;
  }
}
