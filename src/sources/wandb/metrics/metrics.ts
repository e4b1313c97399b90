import { readPartitions } from "../../../engine/partitions.ts";
import type { Batch, Stream } from "../../../core/source.ts";
import { Turns } from "../../../engine/semaphore.ts";
import type { WandbConfig } from "../connection/config.ts";
import type { DoneRuns } from "./finished-runs.ts";
import { eachProject } from "../project/read-projects.ts";
import type { Landmark } from "../reader/deletion-baseline.ts";
import { LineCounts } from "./line-count-check.ts";
import { metricFilter } from "./metric-filter.ts";
import {
  goneProjects,
  partitionOf,
  runOf,
  sweepOf,
  type ProjectScope,
} from "../project/project-scope.ts";
import { RunPartitions, type IsGone, type RunReading } from "./run-partitions.ts";
import type { WandbSession } from "../project/session.ts";
import { metricColumns, tableOf } from "../project/tables.ts";
import {
  checkpointOf,
  listedIds,
  memoryAfter,
  memoryDuring,
  planWalk,
  type Memory,
  type WalkPlan,
} from "../project/sync-plan.ts";

type Part = Omit<Batch, "stream">;

/** How many histories become rows at the same time. */
const runsAtOnce = 4;

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
      const counts = new LineCounts();
      const turns = new Turns(runsAtOnce);
      const progress = { runs: 0 };
      const projects = await session.projects();
      const shared = { session, config, isWanted, counts, turns, progress, options };
      const read = (project: string) => readProject({ scope: { project, several }, ...shared });
      yield* eachProject(projects, read, options);
      yield* goneProjects(projects, { config, ...options });
      counts.report(options.log);
    },
  };
}

async function* readProject(reading: RunReading): AsyncGenerator<Part, void> {
  const { scope, options } = reading;
  const saved = options.checkpoints.get(partitionOf(scope));
  const shapedBy = ` ${JSON.stringify(reading.config.metrics)}`;
  const plan = await planWalk({
    ...options,
    ...reading,
    ...scope,
    saved,
    shapedBy,
    rescans: false,
  });
  const ids = await listedIds(plan, options);
  // Before anything is read: what is added meanwhile is not in the list.
  if (ids) yield { rows: [], bytes: 0, sweep: sweepOf(scope, ids) };
  const isGone: IsGone = (run) => plan.anew || ids?.has(run) === false;
  yield* forgotten(reading, isGone);
  const partitions = new RunPartitions(plan, reading, isGone);
  yield* readRuns(partitions, plan, reading);
  const { startedAt } = options;
  const told = memoryAfter(plan, {
    since: partitions.since,
    startedAt,
    listed: ids !== undefined,
  });
  yield* remember(told, { done: partitions.done, scope, ended: true });
}

/** All runs that are to be read; the mark follows, and what it has passed is forgotten. Nothing comes before the landmark that counts its run. */
async function* readRuns(
  partitions: RunPartitions,
  plan: WalkPlan,
  { scope, progress, options }: RunReading,
): AsyncGenerator<Part, void> {
  const { reader, memory, census, landmark } = plan;
  const { done } = partitions;
  const { signal, log } = options;
  const isAll = memory.whole && memory.since === undefined && !scope.several;
  const total = isAll ? census.total : undefined;
  const concurrency = reader.runsAtOnce;
  const before = progress.runs;
  const parts = readPartitions(partitions, { concurrency, before, total, signal, log });
  let { since } = memory;
  let told: Landmark | undefined;
  const tell = (): Generator<Part> => {
    told = landmark.landmark;
    return remember(memoryDuring(plan, since), { done, scope, ended: false });
  };
  yield* tell();
  for await (const part of parts) {
    progress.runs = part.partitions?.done ?? progress.runs;
    const mark = part.partition === undefined ? part.checkpoint?.["since"] : undefined;
    if (typeof mark === "string") since = mark;
    if (typeof mark === "string" || landmark.landmark !== told) yield* tell();
    if (typeof mark === "string") continue;
    done.note(part);
    yield part;
  }
}

/** What earlier syncs saved of runs that are gone. */
function* forgotten({ scope, options }: RunReading, isGone: IsGone): Generator<Part> {
  for (const partition of options.checkpoints.keys()) {
    const run = runOf(scope, partition);
    if (run === undefined || !isGone(run)) continue;
    yield { rows: [], bytes: 0, partition, checkpoint: null };
  }
}

interface Remembering {
  readonly done: DoneRuns;
  readonly scope: ProjectScope;
  readonly ended: boolean;
}

function* remember(memory: Memory, { done, scope, ended }: Remembering): Generator<Part> {
  const place = scope.several ? { partition: partitionOf(scope) } : {};
  yield { rows: [], bytes: 0, ...place, checkpoint: checkpointOf(memory) };
  for (const partition of done.passed(memory.since, ended)) {
    yield { rows: [], bytes: 0, partition, checkpoint: null };
  }
}
