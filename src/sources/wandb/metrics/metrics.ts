import type { Stream, StreamBatch } from "../../../core/source.ts";
import { readPartitions } from "../../../engine/partitions.ts";
import { Semaphore } from "../../../engine/semaphore.ts";
import type { WandbConfig } from "../connection/config.ts";
import {
  partitionOf,
  runIdOf,
  runSweep,
  sweepDeletedProjects,
  type ProjectScope,
} from "../project/project-scope.ts";
import { readProjects } from "../project/read-projects.ts";
import type { WandbSession } from "../project/session.ts";
import {
  listRunIds,
  planSync,
  projectCheckpoint,
  stateAfter,
  stateDuring,
  type ProjectState,
  type SyncPlan,
} from "../project/sync-plan.ts";
import { metricColumns, tableOf } from "../project/tables.ts";
import type { DeletionBaseline } from "../reader/deletion-baseline.ts";
import type { FinishedRuns } from "./finished-runs.ts";
import { LineCountCheck } from "./line-count-check.ts";
import { metricFilter } from "./metric-filter.ts";
import { RunPartitions, type IsDeleted, type MetricsReadContext } from "./run-partitions.ts";

/** How many histories are turned into rows at the same time. */
const maxConcurrentRuns = 4;

/**
 * The stream `metrics`: the histories of all runs, one row per metric and step. Each run is a
 * partition.
 */
export function metricStream(session: WandbSession, config: WandbConfig): Stream {
  const multiProject = config.projects.length > 0;
  const isWanted = metricFilter(config.metrics);
  return {
    name: "metrics",
    description: "The history of every run, one row per metric and step",
    ...tableOf(metricColumns, ["run_id", "step", "metric_name"], multiProject),
    units: { rows: "values", partitions: "runs" },
    async *read(options) {
      const lineCounts = new LineCountCheck();
      const semaphore = new Semaphore(maxConcurrentRuns);
      const progress = { runs: 0 };
      const projects = await session.projects();
      const shared = { session, config, isWanted, lineCounts, semaphore, progress, options };
      const read = (project: string) =>
        readProject({ scope: { project, multiProject }, ...shared });
      yield* readProjects(projects, read, options);
      yield* sweepDeletedProjects(projects, { config, ...options });
      lineCounts.report(options.log);
    },
  };
}

async function* readProject(context: MetricsReadContext): AsyncGenerator<StreamBatch, void> {
  const { scope, options } = context;
  const saved = options.checkpoints.get(partitionOf(scope));
  const rowSettings = ` ${JSON.stringify(context.config.metrics)}`;
  const plan = await planSync({
    ...options,
    ...context,
    ...scope,
    saved,
    rowSettings,
    rescans: false,
  });
  const ids = await listRunIds(plan, options);
  // Before reading, because the list lacks what is added meanwhile.
  if (ids) yield { rows: [], bytes: 0, sweep: runSweep(scope, ids) };
  const isDeleted: IsDeleted = (run) => plan.startsOver || ids?.has(run) === false;
  yield* forgetDeletedRuns(context, isDeleted);
  const partitions = new RunPartitions(plan, context, isDeleted);
  yield* readRuns(partitions, plan, context);
  const { startedAt } = options;
  const finalState = stateAfter(plan, {
    since: partitions.since,
    startedAt,
    listed: ids !== undefined,
  });
  yield* saveState(finalState, { finished: partitions.finished, scope, ended: true });
}

/**
 * Reads the runs, advances the high-water mark, and drops the checkpoints that it has passed. A
 * baseline that does not cover a run is removed from the state before any row of that run is
 * written.
 */
async function* readRuns(
  partitions: RunPartitions,
  plan: SyncPlan,
  { scope, progress, options }: MetricsReadContext,
): AsyncGenerator<StreamBatch, void> {
  const { reader, state, runCounts, nextBaseline } = plan;
  const { finished } = partitions;
  const { signal, log } = options;
  const isAll = state.whole && state.since === undefined && !scope.multiProject;
  const total = isAll ? runCounts.total : undefined;
  const concurrency = reader.concurrentRuns;
  const before = progress.runs;
  const batches = readPartitions(partitions, { concurrency, before, total, signal, log });
  let { since } = state;
  let savedBaseline: DeletionBaseline | undefined;
  const saveProgress = (): Generator<StreamBatch> => {
    savedBaseline = nextBaseline.value;
    return saveState(stateDuring(plan, since), { finished, scope, ended: false });
  };
  yield* saveProgress();
  for await (const batch of batches) {
    progress.runs = batch.partitions?.done ?? progress.runs;
    const mark = batch.partition === undefined ? batch.checkpoint?.["since"] : undefined;
    if (typeof mark === "string") since = mark;
    if (typeof mark === "string" || nextBaseline.value !== savedBaseline) yield* saveProgress();
    if (typeof mark === "string") continue;
    finished.record(batch);
    yield batch;
  }
}

/** Drops the checkpoints of deleted runs. */
function* forgetDeletedRuns(
  { scope, options }: MetricsReadContext,
  isDeleted: IsDeleted,
): Generator<StreamBatch> {
  for (const partition of options.checkpoints.keys()) {
    const run = runIdOf(scope, partition);
    if (run === undefined || !isDeleted(run)) continue;
    yield { rows: [], bytes: 0, partition, checkpoint: null };
  }
}

interface SaveOptions {
  readonly finished: FinishedRuns;
  readonly scope: ProjectScope;
  readonly ended: boolean;
}

function* saveState(
  state: ProjectState,
  { finished, scope, ended }: SaveOptions,
): Generator<StreamBatch> {
  yield {
    rows: [],
    bytes: 0,
    ...(scope.multiProject ? { partition: partitionOf(scope) } : {}),
    checkpoint: projectCheckpoint(state),
  };
  for (const partition of finished.removePassed(state.since, ended)) {
    yield { rows: [], bytes: 0, partition, checkpoint: null };
  }
}
