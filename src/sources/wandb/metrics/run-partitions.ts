import type { Checkpoint, ReadOptions } from "../../../core/source.ts";
import { toTimestamp } from "../../../core/timestamp.ts";
import type { Partition } from "../../../engine/partitions.ts";
import type { Semaphore } from "../../../engine/semaphore.ts";
import type { WandbConfig } from "../connection/config.ts";
import {
  partitionOf,
  projectColumns,
  runIdOf,
  type ProjectScope,
} from "../project/project-scope.ts";
import type { WandbSession } from "../project/session.ts";
import type { SyncPlan } from "../project/sync-plan.ts";
import { epoch } from "../reader/instant.ts";
import type { ListedRun } from "../reader/project-reader.ts";
import { FinishedRuns } from "./finished-runs.ts";
import type { LineCountCheck } from "./line-count-check.ts";
import type { MetricFilter } from "./metric-filter.ts";
import { isUnchanged, parseRunCheckpoint } from "./run-checkpoint.ts";
import { RunHistoryReader } from "./run-history.ts";

/** What it takes to read the histories of a project. */
export interface MetricsReadContext {
  readonly scope: ProjectScope;
  readonly session: WandbSession;
  readonly config: WandbConfig;
  readonly isWanted: MetricFilter;
  readonly lineCounts: LineCountCheck;
  readonly semaphore: Semaphore;
  /** How many runs the stream has read in this sync, over all projects. */
  readonly progress: { runs: number };
  readonly options: ReadOptions;
}

/** Whether a run is deleted, or everything starts over, so that its checkpoint is invalid. */
export type IsDeleted = (run: string) => boolean;

/**
 * The runs of a project whose histories must be read: first those left unfinished by earlier syncs,
 * then those with a heartbeat since the high-water mark, less the lookback, unless they look
 * unchanged.
 */
export class RunPartitions implements AsyncIterable<Partition> {
  /** Finished runs whose checkpoints are kept. */
  readonly finished: FinishedRuns;
  readonly #plan: SyncPlan;
  readonly #context: MetricsReadContext;
  readonly #isDeleted: IsDeleted;
  readonly #started = new Set<string>();
  readonly #limit: string;
  #since: string | undefined;

  constructor(plan: SyncPlan, context: MetricsReadContext, isDeleted: IsDeleted) {
    this.#plan = plan;
    this.#context = context;
    this.#isDeleted = isDeleted;
    this.#since = plan.state.since;
    this.#limit = toTimestamp(context.options.startedAt.toISOString()) ?? "";
    this.finished = new FinishedRuns(this.#lookbackMs);
    if (!plan.startsOver) this.finished.load(context.options.checkpoints, context.scope);
  }

  /**
   * The high-water mark once all of them have been read: the latest heartbeat, but not after the
   * start of the sync.
   */
  get since(): string | undefined {
    return this.#since;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Partition, void> {
    const { reader, includesUndated, nextBaseline } = this.#plan;
    yield* this.#unfinished();
    for await (const run of reader.listRuns(this.#listFrom())) {
      nextBaseline.observe(run);
      this.#advance(run);
      if (this.#mustRead(run)) yield this.#partition(run);
    }
    if (!includesUndated) return;
    for await (const run of reader.listRuns(undefined)) {
      nextBaseline.observe(run);
      if (run.lastSeen === undefined && this.#mustRead(run)) yield this.#partition(run);
    }
  }

  get #lookbackMs(): number {
    return this.#context.config.lookback_minutes * 60_000;
  }

  /** The instant from which runs are listed. */
  #listFrom(): string {
    const { since } = this.#plan.state;
    if (since === undefined) return epoch;
    return new Date(Date.parse(since) - this.#lookbackMs).toISOString();
  }

  #advance({ lastSeen }: ListedRun): void {
    if (lastSeen === undefined || lastSeen <= (this.#since ?? "")) return;
    this.#since = lastSeen < this.#limit ? lastSeen : this.#limit;
  }

  *#unfinished(): Generator<Partition> {
    const { scope, options } = this.#context;
    for (const [partition, checkpoint] of options.checkpoints) {
      const id = runIdOf(scope, partition);
      if (id === undefined || this.#isDeleted(id) || parseRunCheckpoint(checkpoint).done) continue;
      this.#started.add(id);
      yield this.#partition({ id, created: undefined, lastSeen: undefined, lineCount: undefined });
    }
  }

  /** Whether a run must be read and has not been started; an active run may be listed twice. */
  #mustRead(run: ListedRun): boolean {
    if (this.#started.has(run.id)) return false;
    this.#started.add(run.id);
    const checkpoint = this.#checkpoint(run);
    return !checkpoint || !isUnchanged(parseRunCheckpoint(checkpoint), run);
  }

  #partition(run: ListedRun): Partition {
    const { scope } = this.#context;
    const checkpoint = this.#checkpoint(run);
    const { resume, failed = false } = checkpoint ? parseRunCheckpoint(checkpoint) : {};
    const context = { ...this.#context, reader: this.#plan.reader };
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
    const { options, scope } = this.#context;
    return this.#isDeleted(id) ? undefined : options.checkpoints.get(partitionOf(scope, id));
  }
}
