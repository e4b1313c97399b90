import { shortDigest } from "../../../core/short-digest.ts";
import type { Stream, StreamBatch } from "../../../core/source.ts";
import { readPartitions, type Partition } from "../../../engine/partitions.ts";
import { Semaphore } from "../../../engine/semaphore.ts";
import type { WandbConfig } from "../connection/config.ts";
import { isLedgerBlock } from "../../../engine/ledger.ts";
import {
  partitionOf,
  projectColumns,
  runIdOf,
  type ProjectScope,
} from "../project/project-scope.ts";
import { readProjects, type ProjectsContext } from "../project/read-projects.ts";
import type { WandbSession } from "../project/session.ts";
import { trackProject, type TrackedProject } from "../project/track-project.ts";
import { metricColumns, tableOf } from "../project/tables.ts";
import { parseEntry } from "./history-entry.ts";
import { planHistory } from "./history-plan.ts";
import { metricFilter, type MetricFilter } from "./metric-filter.ts";
import { parseOpenHistory, type OpenHistory } from "./open-history.ts";
import { ProgressCounter } from "../../../engine/progress-counter.ts";
import { RunHistoryReader } from "./run-history.ts";

/** How many histories are turned into rows at the same time. */
const maxConcurrentRuns = 4;

/** What the projects of a sync share. */
interface MetricsContext extends ProjectsContext {
  readonly isWanted: MetricFilter;
  /** What the rows depend on, as a digest. */
  readonly rowScope: string;
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
      const shared = { session, config, options, isWanted, semaphore, counter };
      const rowScope = shortDigest(JSON.stringify(rowsDependOn(config)));
      const context: MetricsContext = { ...shared, rowScope };
      return readProjects(context, (scope) => readProject(scope, context));
    },
  };
}

async function* readProject(
  scope: ProjectScope,
  context: MetricsContext,
): AsyncGenerator<StreamBatch, void> {
  const { session, config, options } = context;
  const dependsOn = rowsDependOn(config);
  const project = await trackProject({ session, scope, dependsOn, options });
  const { runs } = project;
  const open = openHistories(scope, context);
  if (options.fullRefresh) {
    yield* runs.readAnew();
    // An interrupted refresh must not go on from where an earlier sync was.
    for (const id of open.keys())
      yield { rows: [], bytes: 0, partition: partitionOf(scope, id), checkpoint: null };
  }
  yield* runs.sweepUnknown("run_id");
  yield* deleteGone(project, scope, open);
  yield* runs.enterNew();
  yield* readHistories(project, { ...context, scope, open });
  yield* runs.end();
}

function rowsDependOn({ filters, metrics }: WandbConfig): readonly unknown[] {
  return [filters, metrics];
}

/** Runs of the project with a checkpoint of their own; undefined if it is of no use. */
type OpenHistories = ReadonlyMap<string, OpenHistory | undefined>;

function openHistories(scope: ProjectScope, { options, rowScope }: MetricsContext): OpenHistories {
  const open = new Map<string, OpenHistory | undefined>();
  for (const [partition, checkpoint] of options.checkpoints) {
    const run = runIdOf(scope, partition);
    if (run === undefined || isLedgerBlock(run)) continue;
    const found = options.fullRefresh ? undefined : parseOpenHistory(checkpoint);
    open.set(run, found?.scope === rowScope ? found : undefined);
  }
  return open;
}

async function* deleteGone(
  { runs, reader }: TrackedProject,
  scope: ProjectScope,
  open: OpenHistories,
): AsyncGenerator<StreamBatch> {
  const gone = await runs.findGone((missing) => reader.findGone(missing));
  yield* runs.invalidate(gone);
  // Checkpoints of an earlier version are of runs that the ledger does not know.
  const isForgotten = (id: string): boolean => !runs.listing.items.has(id) && !runs.ledger.has(id);
  const forgotten = runs.canSweepUnknown ? [...open.keys()].filter(isForgotten) : [];
  for (const id of [...gone, ...forgotten]) {
    const where = { ...projectColumns(scope), run_id: id };
    const partition = partitionOf(scope, id);
    yield { rows: [], bytes: 0, partition, checkpoint: null, sweep: { where, keys: [] } };
  }
  yield* runs.forget(gone);
}

interface HistoriesContext extends MetricsContext {
  readonly scope: ProjectScope;
  readonly open: OpenHistories;
}

/**
 * Reads the histories that changed. An entry is saved before the run's own checkpoint is removed,
 * so that a run is known at any time.
 */
async function* readHistories(
  project: TrackedProject,
  context: HistoriesContext,
): AsyncGenerator<StreamBatch> {
  const { options, counter, scope } = context;
  const { reader } = project;
  const { ledger } = project.runs;
  const entries = new Map<string, string>();
  const partitions = planPartitions(project, context, entries);
  const count = counter.newPart(partitions.length);
  const { signal, log } = options;
  const batches = readPartitions(partitions, { concurrency: reader.concurrentRuns, signal, log });
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

/** A partition for each history that must be read, runs in the order of their creation. */
function planPartitions(
  { runs, reader }: TrackedProject,
  context: HistoriesContext,
  entries: Map<string, string>,
): Partition[] {
  const { scope, open } = context;
  const { ledger, listing } = runs;
  const partitions: Partition[] = [];
  for (const run of listing.items.values()) {
    const before = parseEntry(ledger.get(run.id));
    const plan = planHistory(run, { entry: before, open: open.get(run.id) });
    if (!plan) continue;
    const history = new RunHistoryReader(
      { run, plan, before, mayHaveRows: runs.mayHaveRows(run.id) },
      { ...context, reader, now: listing.date },
    );
    partitions.push({
      key: partitionOf(scope, run.id),
      where: { ...projectColumns(scope), run_id: run.id },
      read: (signal) => history.read(signal, (entry) => entries.set(run.id, entry)),
      failed: () => history.failed(),
      failedBefore: open.get(run.id)?.failed === true,
    });
  }
  return partitions;
}
