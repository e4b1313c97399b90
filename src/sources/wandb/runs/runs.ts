import { z } from "zod";
import { isDue } from "../../../core/is-due.ts";
import type { Key, Row } from "../../../core/schema.ts";
import type { ReadOptions, Stream, StreamBatch } from "../../../core/source.ts";
import { toTimestamp } from "../../../core/timestamp.ts";
import { PageMapper } from "../../../http/paging/page-mapper.ts";
import { runningMark } from "../reader/listed-run.ts";
import type { WandbConfig } from "../connection/config.ts";
import { runColumnsOf, type ProjectScope } from "../project/project-scope.ts";
import { readProjects, type ProjectsContext } from "../project/read-projects.ts";
import type { WandbSession } from "../project/session.ts";
import { quarantinedRuns } from "../project/quarantined-runs.ts";
import { trackProject, type TrackedProject } from "../project/track-project.ts";
import { runColumns, tableOf } from "../project/tables.ts";
import { runDeclaration } from "./run-row.ts";

/**
 * The stream `runs`: every run that is new, or differs in any field of the listing from what was
 * read of it.
 */
export function runStream(session: WandbSession, config: WandbConfig): Stream {
  const multiProject = config.projects.length > 0;
  return {
    name: "runs",
    description: "The runs, with their configuration, summary and tags",
    ...tableOf(runColumns, ["run_id"], multiProject),
    cursor: "updated_at",
    sampleRows: 3,
    units: { rows: "runs" },
    read: (options) => {
      const context: ProjectsContext = { session, config, options };
      return readProjects(context, (scope) => readProject(scope, context));
    },
  };
}

async function* readProject(
  scope: ProjectScope,
  context: ProjectsContext,
): AsyncGenerator<StreamBatch, void> {
  const { config, options } = context;
  const project = await trackProject(scope, [config.filters], context);
  const { runs, saved, reader } = project;
  const unstored = quarantinedRuns(scope, options);
  const isDueByName = (id: string, entry?: string): boolean =>
    unstored.has(id) || (entry?.startsWith(runningMark) ?? true);
  await runs.addByName(reader, isDueByName);
  const { rescanned, runs_hwm_utc } = savedShape.parse(saved.current ?? {});
  const now = options.startedAt.toISOString();
  const isFirst = saved.current === undefined;
  const mayRescan = !isFirst && runs.listing.isFull;
  const isRescanDue = mayRescan && isDue(rescanned, config.rescan_days, options.startedAt);
  const readsAll = options.fullRefresh || isRescanDue;
  if (readsAll) yield* runs.startOver({ rescanned: now });
  yield* runs.sweepUnknown("run_id");
  yield* runs.deleteGone({
    find: (missing) => reader.findGone(missing),
    mark: (gone) => [{ rows: [], bytes: 0, deletes: gone.map((id) => keyOf(scope, id)) }],
  });
  yield* runs.enterNew();
  let latest = runs_hwm_utc;
  for await (const batch of readChanged(project, scope, options)) {
    latest = latestChange(batch.rows, latest);
    yield batch;
  }
  yield* runs.end({
    rescanned: readsAll || rescanned === undefined ? now : rescanned,
    ...(latest === undefined ? {} : { runs_hwm_utc: latest }),
  });
}

/** What the stream saves about a project besides the list. */
const savedShape = z.object({
  /** When all runs were last read whether or not they had changed, as ISO 8601. */
  rescanned: z.string().optional(),
  /** The latest change of any run that was read, for information. */
  runs_hwm_utc: z.string().optional(),
});

function keyOf(scope: ProjectScope, run: string): Key {
  return Object.values(runColumnsOf(scope, run));
}

/**
 * Reads the runs that changed, or are in quarantine. The entry of a run holds the fields of the
 * response that its row is from; if they may change again at the same instant, the run is read once
 * more.
 */
async function* readChanged(
  { reader, runs: { listing, ledger } }: TrackedProject,
  scope: ProjectScope,
  options: ReadOptions,
): AsyncGenerator<StreamBatch> {
  const { log, signal } = options;
  const pages = new PageMapper(runDeclaration({ ...scope, idMember: reader.idMember }), log);
  const unstored = quarantinedRuns(scope, options);
  const changed = [...listing.items.values()].filter(
    ({ id, fields }) => ledger.get(id) !== fields || unstored.has(id),
  );
  const expected = changed.length;
  let number = 0;
  for await (const { texts, runs, bytes, held } of reader.readRows(changed.map(({ id }) => id))) {
    signal.throwIfAborted();
    number += 1;
    yield { ...pages.map({ rows: texts, number }), bytes, held, expected };
    for (const { id, fields, isSettling } of runs) ledger.set(id, isSettling ? "" : fields);
    yield* ledger.changes();
  }
  pages.end();
}

function latestChange(rows: readonly Row[], before: string | undefined): string | undefined {
  return rows.reduce((latest, { updated_at: text }) => {
    const updated = typeof text === "string" ? toTimestamp(text) : undefined;
    return updated !== undefined && updated > (latest ?? "") ? updated : latest;
  }, before);
}
