import { z } from "zod";
import { isDue } from "../../../core/is-due.ts";
import type { Checkpoint, ReadOptions } from "../../../core/source.ts";
import type { WandbConfig } from "../connection/config.ts";
import { epoch } from "../reader/instant.ts";
import { combineFilters } from "../graphql/run-filters.ts";
import { NextBaseline, type DeletionBaseline } from "../reader/deletion-baseline.ts";
import type { RunCounts, ProjectReader } from "../reader/project-reader.ts";
import type { WandbSession } from "./session.ts";

/** What a stream remembers of a project. */
export interface ProjectState {
  /** The greatest cursor value known safe to resume from. */
  readonly since: string | undefined;
  /** Whether a walk through all runs has not ended yet. */
  readonly whole: boolean;
  /** When all runs were last looked at. */
  readonly rescanned: string | undefined;
  /** What no run that was read may be beyond. Undefined where the next sync has to list the ids of all. */
  readonly landmark: DeletionBaseline | undefined;
  /** How many runs without a cursor there were. */
  readonly undated: number;
  /** What the rest is about: under another cursor, or other filters, it means nothing. */
  readonly scope: string;
}

/** How a stream reads a project this time. */
export interface SyncPlan {
  readonly reader: ProjectReader;
  readonly runCounts: RunCounts;
  /** What was remembered of the project when this walk began. */
  readonly state: ProjectState;
  readonly baseline: NextBaseline;
  /** Whether runs may have vanished, so that the ids of all have to be listed. */
  readonly listsIds: boolean;
  /** Whether that is because it has not been done for long. */
  readonly isRescanDue: boolean;
  /** Whether runs without a cursor may have come, which no walk by it shows. */
  readonly includesUndated: boolean;
  /** Whether what earlier syncs saved of single runs is worthless too. */
  readonly startsOver: boolean;
}

export interface SyncPlanOptions extends Pick<ReadOptions, "fullRefresh" | "startedAt"> {
  readonly session: WandbSession;
  readonly config: WandbConfig;
  readonly project: string;
  /** What rows depend on besides the filters: where it changes, all is read anew. */
  readonly rowSettings: string;
  readonly saved: Checkpoint | undefined;
  /** Whether the stream shows every run now and then, though nothing says that it changed. */
  readonly rescans: boolean;
}

/** Decides, by a census, what has to be read of a project. */
export async function planSync(options: SyncPlanOptions): Promise<SyncPlan> {
  const { session, config, project, fullRefresh } = options;
  const saved = parseState(options.saved);
  const { reader, runCounts } = await session.open(project, saved?.landmark);
  const scope = `${reader.cursor} ${combineFilters(config.filters)}${options.rowSettings}`;
  const isValid = saved?.scope === scope && !fullRefresh;
  const memory: ProjectState = isValid ? saved : { ...emptyState, scope };
  const rescanDue = isDue(memory.rescanned, config.rescan_days, options.startedAt);
  const change = detectChange(memory, runCounts);
  const begins =
    !memory.whole &&
    (memory.since === undefined || change === "appeared" || (rescanDue && options.rescans));
  const showsAll = begins || memory.whole || rescanDue;
  const lists = showsAll || change !== "none";
  const { undated } = runCounts;
  return {
    ...{ reader, runCounts, listsIds: lists, isRescanDue: rescanDue },
    baseline: new NextBaseline(runCounts.nextBaseline),
    includesUndated: undated > 0 && (showsAll || undated !== memory.undated),
    startsOver: fullRefresh || (saved !== undefined && !isValid),
    state: begins ? { ...memory, since: undefined, whole: true } : memory,
  };
}

/** What to remember while the walk goes on. It has to be stored before, or with, what the walk shows. */
export function stateDuring(
  { state, baseline, listsIds }: SyncPlan,
  since: string | undefined,
): ProjectState {
  return { ...state, since, landmark: listsIds ? undefined : baseline.landmark };
}

/** What to remember once the walk has ended. Without a complete list of ids, the next sync has to look again for what is gone. */
export function stateAfter(
  { state, runCounts, baseline, listsIds, isRescanDue }: SyncPlan,
  { since, startedAt, listed }: { since: string | undefined; startedAt: Date; listed: boolean },
): ProjectState {
  return {
    since: since ?? epoch,
    whole: false,
    rescanned: state.whole || (isRescanDue && listed) ? startedAt.toISOString() : state.rescanned,
    landmark: !listsIds || listed ? baseline.landmark : undefined,
    undated: runCounts.undated,
    scope: state.scope,
  };
}

/** The ids of all runs where they are needed and can be had. */
export async function listRunIds(
  { reader, listsIds }: SyncPlan,
  { log }: Pick<ReadOptions, "log">,
): Promise<ReadonlySet<string> | undefined> {
  const ids = listsIds ? await reader.listRunIds() : undefined;
  if (listsIds && !ids) {
    log.warning(
      "the list of runs changed while it was read; what is gone is found by the next sync",
    );
  }
  return ids;
}

const emptyState = {
  ...{ since: undefined, whole: false, rescanned: undefined, landmark: undefined },
  undated: 0,
};

const baselineShape = z.object({
  instant: z.string(),
  below: z.number(),
  newest: z.array(z.string()),
});

const stateShape = z.object({
  since: z.string().optional(),
  whole: z.boolean().default(false),
  rescanned: z.string().optional(),
  landmark: baselineShape.optional().catch(undefined),
  undated: z.number().default(0),
  scope: z.string(),
});

function parseState(checkpoint: Checkpoint | undefined): ProjectState | undefined {
  const found = stateShape.safeParse(checkpoint).data;
  return found && { ...emptyState, ...found };
}

/** A memory as a checkpoint; the same memory makes the same one. */
export function projectCheckpoint(memory: ProjectState): Checkpoint {
  const { since, whole, rescanned, landmark, undated, scope } = memory;
  return {
    ...(since === undefined ? {} : { since }),
    ...(whole ? { whole } : {}),
    ...(rescanned === undefined ? {} : { rescanned }),
    ...(landmark ? { landmark: { ...landmark } } : {}),
    ...(undated > 0 ? { undated } : {}),
    scope,
  };
}

/** `appeared`: runs of a time that was read already, whose cursor does not bring them up. */
function detectChange(
  { landmark }: ProjectState,
  { below, remaining }: RunCounts,
): "none" | "appeared" | "vanished" {
  if (!landmark || below < landmark.below || remaining < landmark.newest.length) return "vanished";
  return below > landmark.below ? "appeared" : "none";
}
