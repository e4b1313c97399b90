import { isDue } from "../../../core/is-due.ts";
import type { Key, Row } from "../../../core/schema.ts";
import type { ReadOptions, Stream, StreamBatch } from "../../../core/source.ts";
import { toTimestamp } from "../../../core/timestamp.ts";
import { PageMapper } from "../../../http/paging/page-mapper.ts";
import type { WandbConfig } from "../connection/config.ts";
import { projectColumns, type ProjectScope } from "../project/project-scope.ts";
import { ProjectSync } from "../project/project-sync.ts";
import { readProjects, type ProjectsContext } from "../project/read-projects.ts";
import type { WandbSession } from "../project/session.ts";
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
  { session, config, options }: ProjectsContext,
): AsyncGenerator<StreamBatch, void> {
  const validity = JSON.stringify([config.filters]);
  const sync = await ProjectSync.start({ session, scope, validity, options });
  const { ledger, saved } = sync;
  const isRescanDue = isDue(saved?.rescanned, config.rescan_days, options.startedAt);
  if (options.fullRefresh || isRescanDue) ledger.invalidate();
  yield* ledger.changes();
  yield* sync.sweepUnknown();
  yield* deleteGone(sync, scope);
  yield* sync.enterNewRuns();
  let highWaterMark = saved?.highWaterMark;
  for await (const batch of readChanged(sync, scope, options)) {
    highWaterMark = latestChange(batch.rows, highWaterMark);
    yield batch;
  }
  const rescanned = isRescanDue ? options.startedAt.toISOString() : saved?.rescanned;
  yield* sync.end({ rescanned, highWaterMark });
}

async function* deleteGone(sync: ProjectSync, scope: ProjectScope): AsyncGenerator<StreamBatch> {
  const gone = await sync.findGone();
  const deletes = gone.map((id): Key => [...Object.values(projectColumns(scope)), id]);
  if (gone.length > 0) yield { rows: [], bytes: 0, deletes };
  for (const id of gone) sync.ledger.delete(id);
  yield* sync.ledger.changes();
}

/**
 * Reads the runs that changed. The entry of a run holds the fields of the response that its row is
 * from; if they may change again at the same instant, the run is read once more.
 */
async function* readChanged(
  { reader, listing, ledger }: ProjectSync,
  scope: ProjectScope,
  { log, signal }: ReadOptions,
): AsyncGenerator<StreamBatch> {
  const pages = new PageMapper(runDeclaration({ ...scope, idMember: reader.idMember }), log);
  const changed = [...listing.items.values()].filter(({ id, fields }) => ledger.get(id) !== fields);
  const expected = changed.length;
  let number = 0;
  for await (const { texts, runs, bytes } of reader.readRows(changed.map(({ id }) => id))) {
    signal.throwIfAborted();
    number += 1;
    yield { ...pages.map({ rows: texts, number }), bytes, expected };
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
