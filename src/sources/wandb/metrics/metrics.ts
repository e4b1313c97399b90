import type { ReadOptions, Stream, StreamBatch } from "../../../core/source.ts";
import { readPartitions, type Partition } from "../../../engine/partitions.ts";
import { Semaphore } from "../../../engine/semaphore.ts";
import type { WandbConfig } from "../connection/config.ts";
import { isLedgerBlock } from "../../../engine/ledger.ts";
import { partitionOf, runColumnsOf, runIdOf, type ProjectScope } from "../project/project-scope.ts";
import { readProjects, type ProjectsContext } from "../project/read-projects.ts";
import type { WandbSession } from "../project/session.ts";
import { quarantinedRuns } from "../project/quarantined-runs.ts";
import { trackProject, type TrackedProject } from "../project/track-project.ts";
import type { Step } from "../reader/line-step.ts";
import { metricColumns, tableOf } from "../project/tables.ts";
import { parseEntry } from "./history-entry.ts";
import { mayChangeUnseen, planHistory } from "./history-plan.ts";
import { metricFilter, type MetricFilter } from "./metric-filter.ts";
import { parseOpenHistory, type OpenHistory } from "./open-history.ts";
import { ProgressCounter } from "../../../engine/progress-counter.ts";
import { RunHistoryReader } from "./run-history.ts";

/** How many histories are turned into rows at the same time. */
const maxConcurrentRuns = 4;

/** What the projects of a sync share. */
interface MetricsContext extends ProjectsContext {
  readonly isWanted: MetricFilter;
  readonly semaphore: Semaphore;
  readonly counter: ProgressCounter;
}

/**
 * The stream `metrics`: the histories of all runs, one row per metric and step. Each run that is
 * being read is a partition.
 */
export function metricStream(session: WandbSession, config: WandbConfig): Stream {
  const isWanted = metricFilter(config.metrics);
  return {
    name: "metrics",
    description: "The history of every run, one row per metric and step",
    ...tableOf(metricColumns, ["run_id", "step", "metric_name"], config.projects.length > 0),
    units: { rows: "values", partitions: "runs" },
    read: (options) => {
      const semaphore = new Semaphore(maxConcurrentRuns);
      const counter = new ProgressCounter();
      const context: MetricsContext = { session, config, options, isWanted, semaphore, counter };
      return readProjects(context, (scope) => readProject(scope, context));
    },
  };
}

async function* readProject(
  scope: ProjectScope,
  context: MetricsContext,
): AsyncGenerator<StreamBatch, void> {
  const { config, options } = context;
  const project = await trackProject(scope, [config.filters, config.metrics], context);
  const { runs, reader } = project;
  const open = openHistories(project, scope, options);
  const unstored = quarantinedRuns(scope, options);
  const isDue = (id: string, entry?: string): boolean =>
    open.has(id) || unstored.has(id) || mayChangeUnseen(parseEntry(entry));
  await runs.addByName(reader, isDue);
  if (options.fullRefresh) {
    yield* runs.startOver();
    // An interrupted refresh must not go on from where an earlier sync was.
    for (const id of open.keys())
      yield { rows: [], bytes: 0, partition: partitionOf(scope, id), checkpoint: null };
  }
  yield* runs.sweepUnknown("run_id");
  yield* runs.deleteGone({
    find: (missing) => reader.findGone(missing),
    mark: (gone) => markRuns(scope, gone),
  });
  yield* markRuns(scope, forgottenRuns(project, open));
  yield* runs.enterNew();
  yield* readHistories(project, { ...context, scope, open, unstored });
  yield* runs.end();
}

/** Runs of the project with a checkpoint of their own; undefined if it is of no use. */
type OpenHistories = ReadonlyMap<string, OpenHistory | undefined>;

function openHistories(
  { rowScope }: TrackedProject,
  scope: ProjectScope,
  options: ReadOptions,
): OpenHistories {
  const open = new Map<string, OpenHistory | undefined>();
  for (const [partition, checkpoint] of options.checkpoints) {
    const run = runIdOf(scope, partition);
    if (run === undefined || isLedgerBlock(run)) continue;
    const found = options.fullRefresh ? undefined : parseOpenHistory(checkpoint);
    open.set(run, found?.scope === rowScope ? found : undefined);
  }
  return open;
}

/** Marks the rows of runs as deleted, and drops their own checkpoints. */
function* markRuns(scope: ProjectScope, runs: readonly string[]): Generator<StreamBatch> {
  for (const id of runs) {
    const sweep = { where: runColumnsOf(scope, id), keys: [] };
    yield { rows: [], bytes: 0, partition: partitionOf(scope, id), checkpoint: null, sweep };
  }
}

/** Runs with checkpoints of an earlier version, and gone before the ledger knew them. */
function forgottenRuns({ runs }: TrackedProject, open: OpenHistories): readonly string[] {
  if (!runs.canSweepUnknown) return [];
  return [...open.keys()].filter((id) => !runs.listing.items.has(id) && !runs.ledger.has(id));
}

interface HistoriesContext extends MetricsContext {
  readonly scope: ProjectScope;
  readonly open: OpenHistories;
  /** The first step of which something is in quarantine, by run. */
  readonly unstored: ReadonlyMap<string, Step>;
}

/**
 * Reads the histories that changed, or have something in quarantine. An entry is saved before the
 * run's own checkpoint is removed, so that a run is known at any time.
 */
async function* readHistories(
  project: TrackedProject,
  context: HistoriesContext,
): AsyncGenerator<StreamBatch> {
  const { session, options, counter, scope } = context;
  const { reader } = project;
  const { ledger } = project.runs;
  const entries = new Map<string, string>();
  const partitions = planPartitions(project, context, entries);
  const count = counter.newPart(partitions.length);
  const { signal, log } = options;
  const batches = readPartitions(partitions, {
    concurrency: reader.concurrentRuns,
    // Other projects are other parts of the stream.
    readBefore: (await session.projects()).length > 1 || hasReadRuns(project, context),
    signal,
    log,
  });
  for await (const { partitions: progress, ...batch } of batches) {
    const id = runIdOf(scope, batch.partition ?? "") ?? "";
    const entry = batch.checkpoint === null ? entries.get(id) : undefined;
    if (entry !== undefined) {
      ledger.set(id, entry);
      entries.delete(id);
      yield* ledger.changes();
    }
    yield { ...batch, partitions: count(progress?.done) };
  }
}

/** Whether anything of the project's histories was read before. */
function hasReadRuns({ runs }: TrackedProject, { open }: HistoriesContext): boolean {
  const { ledger } = runs;
  const isRead = (id: string): boolean => ledger.get(id) !== undefined;
  const isBegun = (history?: OpenHistory): boolean => history?.position !== undefined;
  return [...ledger.ids()].some(isRead) || [...open.values()].some(isBegun);
}

/** A partition for each history that must be read, runs in the order of their creation. */
function planPartitions(
  { runs, reader, rowScope }: TrackedProject,
  context: HistoriesContext,
  entries: Map<string, string>,
): Partition[] {
  const { scope, open, unstored } = context;
  const { ledger, listing } = runs;
  const partitions: Partition[] = [];
  for (const run of listing.items.values()) {
    const before = parseEntry(ledger.get(run.id));
    const known = { entry: before, open: open.get(run.id), unstored: unstored.get(run.id) };
    const plan = planHistory(run, known);
    if (!plan) continue;
    const history = new RunHistoryReader(
      { run, plan, before, mayHaveRows: runs.mayHaveRows(run.id) },
      { ...context, reader, rowScope, now: listing.date },
    );
    partitions.push({
      key: partitionOf(scope, run.id),
      where: runColumnsOf(scope, run.id),
      read: (signal) => history.read(signal, (entry) => entries.set(run.id, entry)),
      failed: () => history.failed(),
      failedBefore: open.get(run.id)?.failed === true,
    });
  }
  return partitions;
}
