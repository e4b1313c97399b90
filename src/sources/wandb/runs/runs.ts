import { HighWaterMark } from "../../../engine/high-water-mark.ts";
import type { Row } from "../../../core/schema.ts";
import type { Batch, ReadOptions, Stream } from "../../../core/source.ts";
import { PageReader } from "../../../http/paging/page-mapper.ts";
import type { WandbConfig } from "../connection/config.ts";
import { eachProject } from "../project/read-projects.ts";
import { epoch } from "../reader/instant.ts";
import { goneProjects, partitionOf, sweepOf, type ProjectScope } from "../project/project-scope.ts";
import type { RunPage } from "../reader/project-reader.ts";
import { runDeclaration } from "./run-row.ts";
import type { WandbSession } from "../project/session.ts";
import { runColumns, tableOf } from "../project/tables.ts";
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

/** The runs of the configured projects, by their last sign of life; now and then all of them. */
export function runStream(session: WandbSession, config: WandbConfig): Stream {
  const several = config.projects.length > 0;
  return {
    name: "runs",
    description: "The runs, with configuration, summary and tags",
    ...tableOf(runColumns, ["run_id"], several),
    cursor: "heartbeat_at",
    sampleRows: 3,
    units: { rows: "runs" },
    async *read(options) {
      const projects = await session.projects();
      const read = (project: string) =>
        readProject({ scope: { project, several }, session, config, options });
      yield* eachProject(projects, read, options);
      yield* goneProjects(projects, { config, ...options });
    },
  };
}

interface Reading {
  readonly scope: ProjectScope;
  readonly session: WandbSession;
  readonly config: WandbConfig;
  readonly options: ReadOptions;
}

async function* readProject(reading: Reading): AsyncGenerator<Part, void> {
  const { scope, options, config } = reading;
  const { startedAt, log } = options;
  const saved = options.checkpoints.get(partitionOf(scope));
  const plan = await planWalk({
    ...options,
    ...reading,
    ...scope,
    saved,
    rescans: true,
    shapedBy: "",
  });
  const { memory, reader } = plan;
  const pages = new PageReader(runDeclaration({ ...scope, idMember: reader.idMember }), log);
  const mark = new HighWaterMark(memory.since === undefined ? undefined : { since: memory.since }, {
    order: reader.order,
    lookbackMs: config.lookback_minutes * 60_000,
    startedAt,
  });
  const remembered = (told: Memory) => ({
    ...(scope.several ? { partition: partitionOf(scope) } : {}),
    checkpoint: checkpointOf(told),
  });
  let { since } = memory;
  for await (const page of reader.runs(mark.since ?? epoch)) {
    options.signal.throwIfAborted();
    const { rows, rejected } = pages.read(page);
    pass(rows, plan);
    since = sinceOf(mark.page(rows.map((row) => cursorOf(row, plan)))) ?? since;
    yield { rows, rejected, ...sizeOf(page), ...remembered(memoryDuring(plan, since)) };
  }
  since = sinceOf(mark.end()) ?? since;
  yield* undated(plan, pages);
  const ids = await listedIds(plan, options);
  const told = memoryAfter(plan, { since, startedAt, listed: ids !== undefined });
  yield { rows: [], bytes: 0, ...(ids ? { sweep: sweepOf(scope, ids) } : {}), ...remembered(told) };
  pages.end();
}

/** Runs that never gave a sign of life; a walk by it does not show them. */
async function* undated(plan: WalkPlan, pages: PageReader): AsyncGenerator<Part, void> {
  if (!plan.showsUndated) return;
  for await (const page of plan.reader.runs(undefined)) {
    const { rows, rejected } = pages.read(page);
    pass(rows, plan);
    const isUndated = (row: Row): boolean => cursorOf(row, plan) === undefined;
    yield { rows: rows.filter(isUndated), rejected, bytes: page.bytes };
  }
}

function pass(rows: readonly Row[], { landmark }: WalkPlan): void {
  for (const { run_id, created_at } of rows) {
    const created = typeof created_at === "string" ? created_at : undefined;
    landmark.pass({ id: String(run_id), created });
  }
}

function sizeOf({ bytes, total }: RunPage): Pick<Part, "bytes" | "expected"> {
  return { bytes, ...(total === undefined ? {} : { expected: total }) };
}

function cursorOf(row: Row, { reader }: WalkPlan): string | undefined {
  const value = row[reader.cursor];
  return typeof value === "string" ? value : undefined;
}

function sinceOf(checkpoint: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const since = checkpoint?.["since"];
  return typeof since === "string" ? since : undefined;
}
