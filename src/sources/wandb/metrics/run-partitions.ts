import type { Partition } from "../../../engine/partitions.ts";
import type { Checkpoint, ReadOptions } from "../../../core/source.ts";
import type { Semaphore } from "../../../engine/semaphore.ts";
import { toTimestamp } from "../../../core/timestamp.ts";
import { FinishedRuns } from "./finished-runs.ts";
import type { WandbConfig } from "../connection/config.ts";
import { epoch } from "../reader/instant.ts";
import type { LineCountCheck } from "./line-count-check.ts";
import type { MetricFilter } from "./metric-filter.ts";
import {
  projectColumns,
  partitionOf,
  runIdOf,
  type ProjectScope,
} from "../project/project-scope.ts";
import type { ListedRun } from "../reader/project-reader.ts";
import { isUnchanged, parseRunCheckpoint } from "./run-checkpoint.ts";
import { RunHistoryReader } from "./run-history.ts";
import type { WandbSession } from "../project/session.ts";
import type { SyncPlan } from "../project/sync-plan.ts";

/** What reading the histories of a project needs. */
export interface MetricsReadContext {
  readonly scope: ProjectScope;
  readonly session: WandbSession;
  readonly config: WandbConfig;
  readonly isWanted: MetricFilter;
  readonly lineCounts: LineCountCheck;
  readonly semaphore: Semaphore;
  /** How many runs this walk of the stream has read, over all projects. */
  readonly progress: { runs: number };
  readonly options: ReadOptions;
}

/** Whether a run is known to be gone, so that what was saved of it means nothing any more. */
export type IsDeleted = (run: string) => boolean;

/**
 * The runs of a project whose histories are to be read: first those that are still open from earlier syncs, then those that gave
 * a sign of life since the mark, less the lookback, unless they look as they did when they were read.
 */
export class RunPartitions implements AsyncIterable<Partition> {
  readonly finished: FinishedRuns;
  readonly #plan: SyncPlan;
  readonly #reading: MetricsReadContext;
  readonly #isGone: IsDeleted;
  readonly #begun = new Set<string>();
  readonly #limit: string;
  #since: string | undefined;

  constructor(plan: SyncPlan, reading: MetricsReadContext, isGone: IsDeleted) {
    this.#plan = plan;
    this.#reading = reading;
    this.#isGone = isGone;
    this.#since = plan.state.since;
    this.#limit = toTimestamp(reading.options.startedAt.toISOString()) ?? "";
    this.finished = new FinishedRuns(this.#lookbackMs);
    if (!plan.startsOver) this.finished.load(reading.options.checkpoints, reading.scope);
  }

  /** The mark once all of them are read: the latest sign of life, but not after the sync began. */
  get since(): string | undefined {
    return this.#since;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Partition, void> {
    const { reader, includesUndated, baseline } = this.#plan;
    yield* this.#open();
    for await (const run of reader.listRuns(this.#from())) {
      baseline.observe(run);
      this.#advance(run);
      if (this.#isNew(run)) yield this.#partition(run);
    }
    if (!includesUndated) return;
    for await (const run of reader.listRuns(undefined)) {
      baseline.observe(run);
      if (run.lastSeen === undefined && this.#isNew(run)) yield this.#partition(run);
    }
  }

  get #lookbackMs(): number {
    return this.#reading.config.lookback_minutes * 60_000;
  }

  /** The instant from which on runs are listed. */
  #from(): string {
    const { since } = this.#plan.state;
    if (since === undefined) return epoch;
    return new Date(Date.parse(since) - this.#lookbackMs).toISOString();
  }

  #advance({ lastSeen }: ListedRun): void {
    if (lastSeen === undefined || lastSeen <= (this.#since ?? "")) return;
    this.#since = lastSeen < this.#limit ? lastSeen : this.#limit;
  }

  *#open(): Generator<Partition> {
    const { scope, options } = this.#reading;
    for (const [partition, checkpoint] of options.checkpoints) {
      const id = runIdOf(scope, partition);
      if (id === undefined || this.#isGone(id) || parseRunCheckpoint(checkpoint).done) continue;
      this.#begun.add(id);
      yield this.#partition({ id, created: undefined, lastSeen: undefined, lineCount: undefined });
    }
  }

  /** Whether a run is to be read that was not begun; one that lives may be listed twice. */
  #isNew(run: ListedRun): boolean {
    if (this.#begun.has(run.id)) return false;
    this.#begun.add(run.id);
    const checkpoint = this.#checkpoint(run);
    return !checkpoint || !isUnchanged(parseRunCheckpoint(checkpoint), run);
  }

  #partition(run: ListedRun): Partition {
    const { scope } = this.#reading;
    const checkpoint = this.#checkpoint(run);
    const { resume, failed = false } = checkpoint ? parseRunCheckpoint(checkpoint) : {};
    const context = { ...this.#reading, reader: this.#plan.reader };
    const history = new RunHistoryReader(run, resume, context);
    return {
      key: partitionOf(scope, run.id),
      where: { ...projectColumns(scope), run_id: run.id },
      read: (signal) => history.read(signal),
      failed: () => history.failed(),
      failedBefore: failed,
      ...(run.lastSeen === undefined || this.#since === undefined
        ? {}
        : { mark: { since: this.#since } }),
    };
  }

  #checkpoint({ id }: ListedRun): Checkpoint | undefined {
    const { options, scope } = this.#reading;
    return this.#isGone(id) ? undefined : options.checkpoints.get(partitionOf(scope, id));
  }
}
