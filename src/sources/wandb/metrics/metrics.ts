import { readPartitions } from "../../../engine/partitions.ts";
import type { Stream, StreamBatch } from "../../../core/source.ts";
import { Semaphore } from "../../../engine/semaphore.ts";
import type { WandbConfig } from "../connection/config.ts";
import type { FinishedRuns } from "./finished-runs.ts";
import { readProjects } from "../project/read-projects.ts";
import type { DeletionBaseline } from "../reader/deletion-baseline.ts";
import { LineCountCheck } from "./line-count-check.ts";
import { metricFilter } from "./metric-filter.ts";
import {
  sweepDeletedProjects,
  partitionOf,
  runIdOf,
  runSweep,
  type ProjectScope,
} from "../project/project-scope.ts";
import { RunPartitions, type IsDeleted, type MetricsReadContext } from "./run-partitions.ts";
import type { WandbSession } from "../project/session.ts";
import { metricColumns, tableOf } from "../project/tables.ts";
import {
  projectCheckpoint,
  listRunIds,
  stateAfter,
  stateDuring,
  planSync,
  type ProjectState,
  type SyncPlan,
} from "../project/sync-plan.ts";

/** How many histories become rows at the same time. */
const maxConcurrentRuns = 4;

/** The histories of all runs, a row for each metric of each step. Each run is read, and resumed, on its own. */
export function metricStream(session: WandbSession, config: WandbConfig): Stream {
  const several = config.projects.length > 0;
  const isWanted = metricFilter(config.metrics);
  return {
    name: "metrics",
    description: "The history of every run: a row for each metric of each step",
    ...tableOf(metricColumns, ["run_id", "step", "metric_name"], several),
    units: { rows: "values", partitions: "runs" },
    async *read(options) {
      const lineCounts = new LineCountCheck();
      const semaphore = new Semaphore(maxConcurrentRuns);
      const progress = { runs: 0 };
      const projects = await session.projects();
      const shared = { session, config, isWanted, lineCounts, semaphore, progress, options };
      const read = (project: string) =>
        readProject({ scope: { project, multiProject: several }, ...shared });
      yield* readProjects(projects, read, options);
      yield* sweepDeletedProjects(projects, { config, ...options });
      lineCounts.report(options.log);
    },
  };
}

async function* readProject(reading: MetricsReadContext): AsyncGenerator<StreamBatch, void> {
  const { scope, options } = reading;
  const saved = options.checkpoints.get(partitionOf(scope));
  const shapedBy = ` ${JSON.stringify(reading.config.metrics)}`;
  const plan = await planSync({
    ...options,
    ...reading,
    ...scope,
    saved,
    rowSettings: shapedBy,
    rescans: false,
  });
  const ids = await listRunIds(plan, options);
  // Before anything is read: what is added meanwhile is not in the list.
  if (ids) yield { rows: [], bytes: 0, sweep: runSweep(scope, ids) };
  const isGone: IsDeleted = (run) => plan.startsOver || ids?.has(run) === false;
  yield* forgetDeletedRuns(reading, isGone);
  const partitions = new RunPartitions(plan, reading, isGone);
  yield* readRuns(partitions, plan, reading);
  const { startedAt } = options;
  const told = stateAfter(plan, {
    since: partitions.since,
    startedAt,
    listed: ids !== undefined,
  });
  yield* saveState(told, { done: partitions.finished, scope, ended: true });
}

/** All runs that are to be read; the mark follows, and what it has passed is forgotten. Nothing comes before the landmark that counts its run. */
async function* readRuns(
  partitions: RunPartitions,
  plan: SyncPlan,
  { scope, progress, options }: MetricsReadContext,
): AsyncGenerator<StreamBatch, void> {
  const { reader, state, runCounts, baseline } = plan;
  const { finished } = partitions;
  const { signal, log } = options;
  const isAll = state.whole && state.since === undefined && !scope.multiProject;
  const total = isAll ? runCounts.total : undefined;
  const concurrency = reader.concurrentRuns;
  const before = progress.runs;
  const parts = readPartitions(partitions, { concurrency, before, total, signal, log });
  let { since } = state;
  let told: DeletionBaseline | undefined;
  const tell = (): Generator<StreamBatch> => {
    told = baseline.landmark;
    return saveState(stateDuring(plan, since), { done: finished, scope, ended: false });
  };
  yield* tell();
  for await (const part of parts) {
    progress.runs = part.partitions?.done ?? progress.runs;
    const mark = part.partition === undefined ? part.checkpoint?.["since"] : undefined;
    if (typeof mark === "string") since = mark;
    if (typeof mark === "string" || baseline.landmark !== told) yield* tell();
    if (typeof mark === "string") continue;
    finished.record(part);
    yield part;
  }
}

/** What earlier syncs saved of runs that are gone. */
function* forgetDeletedRuns(
  { scope, options }: MetricsReadContext,
  isGone: IsDeleted,
): Generator<StreamBatch> {
  for (const partition of options.checkpoints.keys()) {
    const run = runIdOf(scope, partition);
    if (run === undefined || !isGone(run)) continue;
    yield { rows: [], bytes: 0, partition, checkpoint: null };
  }
}

interface SaveOptions {
  readonly done: FinishedRuns;
  readonly scope: ProjectScope;
  readonly ended: boolean;
}

function* saveState(
  memory: ProjectState,
  { done, scope, ended }: SaveOptions,
): Generator<StreamBatch> {
  const place = scope.multiProject ? { partition: partitionOf(scope) } : {};
  yield { rows: [], bytes: 0, ...place, checkpoint: projectCheckpoint(memory) };
  for (const partition of done.removePassed(memory.since, ended)) {
    yield { rows: [], bytes: 0, partition, checkpoint: null };
  }
}
