import { z } from "zod";
import { isDue } from "../../../core/is-due.ts";
import type { Checkpoint, ReadOptions } from "../../../core/source.ts";
import type { WandbConfig } from "../connection/config.ts";
import { combineFilters } from "../graphql/run-filters.ts";
import { NextBaseline, type DeletionBaseline } from "../reader/deletion-baseline.ts";
import { epoch } from "../reader/instant.ts";
import type { ProjectReader, RunCounts } from "../reader/project-reader.ts";
import type { WandbSession } from "./session.ts";

/** What a stream has saved about a project. */
export interface ProjectState {
  /** The high-water mark: the greatest cursor value that is safe to resume from. */
  readonly since: string | undefined;
  /** Whether a listing of all runs has started and not ended yet. */
  readonly whole: boolean;
  /** When all runs were last read or listed, as ISO 8601. */
  readonly rescanned: string | undefined;
  /** The deletion baseline: every run read was created by then. Undefined: list all ids. */
  readonly baseline: DeletionBaseline | undefined;
  /** How many runs had no cursor value. */
  readonly undated: number;
  /** What the state depends on. With another cursor or other filters, it is discarded. */
  readonly scope: string;
}

/** How a stream reads a project in this sync. */
export interface SyncPlan {
  readonly reader: ProjectReader;
  readonly runCounts: RunCounts;
  /** The state to start from. */
  readonly state: ProjectState;
  readonly nextBaseline: NextBaseline;
  /** Whether runs may have been deleted, so that the ids of all must be listed. */
  readonly listsIds: boolean;
  /** Whether `rescan_days` have passed since the last rescan. */
  readonly isRescanDue: boolean;
  /** Whether there may be new runs without a cursor value, which no listing by cursor returns. */
  readonly includesUndated: boolean;
  /** Whether the checkpoints of single runs are invalid too. */
  readonly startsOver: boolean;
}

interface SyncPlanOptions extends Pick<ReadOptions, "fullRefresh" | "startedAt"> {
  readonly session: WandbSession;
  readonly config: WandbConfig;
  readonly project: string;
  /** What the rows depend on besides the filters; if it changes, everything is read again. */
  readonly rowSettings: string;
  readonly saved: Checkpoint | undefined;
  /** Whether a rescan of the stream reads every run again, changed or not. */
  readonly rescans: boolean;
}

/** Decides what to read of a project, by comparing its run counts with the saved state. */
export async function planSync(options: SyncPlanOptions): Promise<SyncPlan> {
  const { session, config, project, fullRefresh } = options;
  const saved = parseState(options.saved);
  const { reader, runCounts } = await session.open(project, saved?.baseline);
  const scope = `${reader.cursor} ${combineFilters(config.filters)}${options.rowSettings}`;
  const isValid = saved?.scope === scope && !fullRefresh;
  const state: ProjectState = isValid ? saved : { ...emptyState, scope };
  const isRescanDue = isDue(state.rescanned, config.rescan_days, options.startedAt);
  const change = detectChange(state, runCounts);
  const startsListing =
    !state.whole &&
    (state.since === undefined || change === "appeared" || (isRescanDue && options.rescans));
  const readsAll = startsListing || state.whole || isRescanDue;
  const listsIds = readsAll || change !== "none";
  const { undated } = runCounts;
  return {
    ...{ reader, runCounts, listsIds, isRescanDue },
    nextBaseline: new NextBaseline(runCounts.nextBaseline),
    includesUndated: undated > 0 && (readsAll || undated !== state.undated),
    startsOver: fullRefresh || (saved !== undefined && !isValid),
    state: startsListing ? { ...state, since: undefined, whole: true } : state,
  };
}

/**
 * The state to save while runs are being read. Must be stored before, or with, the runs it covers.
 */
export function stateDuring(
  { state, nextBaseline, listsIds }: SyncPlan,
  since: string | undefined,
): ProjectState {
  return { ...state, since, baseline: listsIds ? undefined : nextBaseline.value };
}

/**
 * The state to save once all runs have been read. Without a complete list of ids it has no
 * baseline, so that the next sync looks for deleted runs again.
 */
export function stateAfter(
  { state, runCounts, nextBaseline, listsIds, isRescanDue }: SyncPlan,
  { since, startedAt, listed }: { since: string | undefined; startedAt: Date; listed: boolean },
): ProjectState {
  return {
    since: since ?? epoch,
    whole: false,
    rescanned: state.whole || (isRescanDue && listed) ? startedAt.toISOString() : state.rescanned,
    baseline: !listsIds || listed ? nextBaseline.value : undefined,
    undated: runCounts.undated,
    scope: state.scope,
  };
}

/**
 * The ids of all runs if the plan needs them. Undefined, with a warning, if the list is incomplete.
 */
export async function listRunIds(
  { reader, listsIds }: SyncPlan,
  { log }: Pick<ReadOptions, "log">,
): Promise<ReadonlySet<string> | undefined> {
  const ids = listsIds ? await reader.listRunIds() : undefined;
  if (listsIds && !ids) {
    log.warning(
      "the list of runs changed while it was read; the next sync will look for deleted runs again",
    );
  }
  return ids;
}

const emptyState = {
  ...{ since: undefined, whole: false, rescanned: undefined, baseline: undefined },
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
  // The name of the baseline in checkpoints.
  landmark: baselineShape.optional().catch(undefined),
  undated: z.number().default(0),
  scope: z.string(),
});

function parseState(checkpoint: Checkpoint | undefined): ProjectState | undefined {
  const found = stateShape.safeParse(checkpoint).data;
  if (!found) return undefined;
  const { landmark: baseline, ...state } = found;
  return { ...emptyState, ...state, baseline };
}

/** The checkpoint of a state. Equal states give equal checkpoints. */
export function projectCheckpoint(state: ProjectState): Checkpoint {
  const { since, whole, rescanned, baseline, undated, scope } = state;
  return {
    ...(since === undefined ? {} : { since }),
    ...(whole ? { whole } : {}),
    ...(rescanned === undefined ? {} : { rescanned }),
    ...(baseline ? { landmark: { ...baseline } } : {}),
    ...(undated > 0 ? { undated } : {}),
    scope,
  };
}

/**
 * `appeared`: more runs than before were created before the baseline, and a listing by cursor may
 * not return the new ones.
 */
function detectChange(
  { baseline }: ProjectState,
  { below, remaining }: RunCounts,
): "none" | "appeared" | "vanished" {
  if (!baseline || below < baseline.below || remaining < baseline.newest.length) return "vanished";
  return below > baseline.below ? "appeared" : "none";
}
