import type { Batch, Checkpoints } from "../../../core/source.ts";
import { epoch } from "../reader/instant.ts";
import { runIdOf, type ProjectScope } from "../project/project-scope.ts";
import { parseRunCheckpoint } from "./run-checkpoint.ts";

/** Fewer than this are not worth looking through. */
const minRunsToPrune = 500;

/**
 * The runs whose checkpoints are kept although all of their history was read, because a listing may show them again: those
 * that the mark, less the lookback, has not passed. The others are forgotten, which keeps the state small.
 */
export class FinishedRuns {
  readonly #lookbackMs: number;
  /** The cursor of each, in milliseconds since 1970. */
  readonly #seen = new Map<string, number>();
  #enough = minRunsToPrune;

  constructor(lookbackMs: number) {
    this.#lookbackMs = lookbackMs;
  }

  /** Takes those that earlier syncs kept. */
  load(checkpoints: Checkpoints, scope: ProjectScope): void {
    for (const [partition, checkpoint] of checkpoints) {
      if (runIdOf(scope, partition) !== undefined) this.record({ partition, checkpoint });
    }
  }

  /** Takes note of a checkpoint. */
  record({ partition, checkpoint }: Pick<Batch, "partition" | "checkpoint">): void {
    if (partition === undefined || checkpoint === undefined) return;
    const done = checkpoint && parseRunCheckpoint(checkpoint).done;
    if (done) this.#seen.set(partition, Date.parse(done.lastSeen ?? epoch));
    else this.#seen.delete(partition);
  }

  /** Takes out the partitions that the mark has passed, once there are enough of them or it is the end. */
  removePassed(mark: string | undefined, ended: boolean): readonly string[] {
    if (mark === undefined || (!ended && this.#seen.size < this.#enough)) return [];
    const before = Date.parse(mark) - this.#lookbackMs;
    const gone = [...this.#seen].filter(([, seen]) => seen < before).map(([key]) => key);
    for (const key of gone) this.#seen.delete(key);
    this.#enough = Math.max(minRunsToPrune, this.#seen.size * 2);
    return gone;
  }
}
