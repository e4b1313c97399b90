import type { Row } from "../../../core/schema.ts";
import type { ReadOptions, Stream, StreamBatch } from "../../../core/source.ts";
import { HighWaterMark } from "../../../engine/high-water-mark.ts";
import { PageMapper } from "../../../http/paging/page-mapper.ts";
import type { WandbConfig } from "../connection/config.ts";
import {
  partitionOf,
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
import { runColumns, tableOf } from "../project/tables.ts";
import { epoch } from "../reader/instant.ts";
import type { RunPage } from "../reader/project-reader.ts";
import { runDeclaration } from "./run-row.ts";

/**
 * The stream `runs`: the runs of the configured projects by their latest heartbeat; on a rescan,
 * all of them.
 */
export function runStream(session: WandbSession, config: WandbConfig): Stream {
  const multiProject = config.projects.length > 0;
  return {
    name: "runs",
    description: "The runs, with their configuration, summary and tags",
    ...tableOf(runColumns, ["run_id"], multiProject),
    cursor: "heartbeat_at",
    sampleRows: 3,
    units: { rows: "runs" },
    async *read(options) {
      const projects = await session.projects();
      const read = (project: string) =>
        readProject({ scope: { project, multiProject }, session, config, options });
      yield* readProjects(projects, read, options);
      yield* sweepDeletedProjects(projects, { config, ...options });
    },
  };
}

interface RunsReadContext {
  readonly scope: ProjectScope;
  readonly session: WandbSession;
  readonly config: WandbConfig;
  readonly options: ReadOptions;
}

async function* readProject(context: RunsReadContext): AsyncGenerator<StreamBatch, void> {
  const { scope, options, config } = context;
  const { startedAt, log } = options;
  const previous = options.checkpoints.get(partitionOf(scope));
  const plan = await planSync({
    ...options,
    ...context,
    ...scope,
    saved: previous,
    rescans: true,
    rowSettings: "",
  });
  const { state, reader } = plan;
  const pages = new PageMapper(runDeclaration({ ...scope, idMember: reader.idMember }), log);
  const mark = new HighWaterMark(state.since === undefined ? undefined : { since: state.since }, {
    order: reader.order,
    lookbackMs: config.lookback_minutes * 60_000,
    startedAt,
  });
  const checkpointOf = (saved: ProjectState) => ({
    ...(scope.multiProject ? { partition: partitionOf(scope) } : {}),
    checkpoint: projectCheckpoint(saved),
  });
  let { since } = state;
  for await (const page of reader.readRuns(mark.since ?? epoch)) {
    options.signal.throwIfAborted();
    const { rows, rejected } = pages.map(page);
    observeRuns(rows, plan);
    since = sinceOf(mark.page(rows.map((row) => cursorOf(row, plan)))) ?? since;
    yield { rows, rejected, ...sizeOf(page), ...checkpointOf(stateDuring(plan, since)) };
  }
  since = sinceOf(mark.end()) ?? since;
  yield* readUndatedRuns(plan, pages);
  const ids = await listRunIds(plan, options);
  const finalState = stateAfter(plan, { since, startedAt, listed: ids !== undefined });
  yield {
    rows: [],
    bytes: 0,
    ...(ids ? { sweep: runSweep(scope, ids) } : {}),
    ...checkpointOf(finalState),
  };
  pages.end();
}

/** Reads runs that never had a heartbeat, which a listing by heartbeat does not return. */
async function* readUndatedRuns(
  plan: SyncPlan,
  pages: PageMapper,
): AsyncGenerator<StreamBatch, void> {
  if (!plan.includesUndated) return;
  for await (const page of plan.reader.readRuns(undefined)) {
    const { rows, rejected } = pages.map(page);
    observeRuns(rows, plan);
    const isUndated = (row: Row): boolean => cursorOf(row, plan) === undefined;
    yield { rows: rows.filter(isUndated), rejected, bytes: page.bytes };
  }
}

function observeRuns(rows: readonly Row[], { nextBaseline }: SyncPlan): void {
  for (const { run_id, created_at } of rows) {
    const created = typeof created_at === "string" ? created_at : undefined;
    nextBaseline.observe({ id: String(run_id), created });
  }
}

function sizeOf({ bytes, total }: RunPage): Pick<StreamBatch, "bytes" | "expected"> {
  return { bytes, ...(total === undefined ? {} : { expected: total }) };
}

function cursorOf(row: Row, { reader }: SyncPlan): string | undefined {
  const value = row[reader.cursor];
  return typeof value === "string" ? value : undefined;
}

function sinceOf(checkpoint: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const since = checkpoint?.["since"];
  return typeof since === "string" ? since : undefined;
}
