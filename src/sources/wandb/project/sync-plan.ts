import { z } from "zod";
import { isDueAgain } from "../../../core/is-due.ts";
import type { Checkpoint, ReadOptions } from "../../../core/source.ts";
import type { WandbConfig } from "../connection/config.ts";
import { epoch } from "../reader/instant.ts";
import { filterText } from "../graphql/run-filters.ts";
import { NextLandmark, type Landmark } from "../reader/deletion-baseline.ts";
import type { Census, Reader } from "../reader/project-reader.ts";
import type { WandbSession } from "./session.ts";

/** What a stream remembers of a project. */
export interface Memory {
  /** The greatest cursor value known safe to resume from. */
  readonly since: string | undefined;
  /** Whether a walk through all runs has not ended yet. */
  readonly whole: boolean;
  /** When all runs were last looked at. */
  readonly rescanned: string | undefined;
  /** What no run that was read may be beyond. Undefined where the next sync has to list the ids of all. */
  readonly landmark: Landmark | undefined;
  /** How many runs without a cursor there were. */
  readonly undated: number;
  /** What the rest is about: under another cursor, or other filters, it means nothing. */
  readonly scope: string;
}

/** How a stream reads a project this time. */
export interface WalkPlan {
  readonly reader: Reader;
  readonly census: Census;
  /** What was remembered of the project when this walk began. */
  readonly memory: Memory;
  readonly landmark: NextLandmark;
  /** Whether runs may have vanished, so that the ids of all have to be listed. */
  readonly lists: boolean;
  /** Whether that is because it has not been done for long. */
  readonly isDue: boolean;
  /** Whether runs without a cursor may have come, which no walk by it shows. */
  readonly showsUndated: boolean;
  /** Whether what earlier syncs saved of single runs is worthless too. */
  readonly anew: boolean;
}

export interface PlanOptions extends Pick<ReadOptions, "fullRefresh" | "startedAt"> {
  readonly session: WandbSession;
  readonly config: WandbConfig;
  readonly project: string;
  /** What rows depend on besides the filters: where it changes, all is read anew. */
  readonly shapedBy: string;
  readonly saved: Checkpoint | undefined;
  /** Whether the stream shows every run now and then, though nothing says that it changed. */
  readonly rescans: boolean;
}

/** Decides, by a census, what has to be read of a project. */
export async function planWalk(options: PlanOptions): Promise<WalkPlan> {
  const { session, config, project, fullRefresh } = options;
  const saved = memoryOf(options.saved);
  const { reader, census } = await session.open(project, saved?.landmark);
  const scope = `${reader.cursor} ${filterText(config.filters)}${options.shapedBy}`;
  const isValid = saved?.scope === scope && !fullRefresh;
  const memory: Memory = isValid ? saved : { ...nothing, scope };
  const isDue = isDueAgain(memory.rescanned, config.rescan_days, options.startedAt);
  const change = changeOf(memory, census);
  const begins =
    !memory.whole &&
    (memory.since === undefined || change === "appeared" || (isDue && options.rescans));
  const showsAll = begins || memory.whole || isDue;
  const lists = showsAll || change !== "none";
  const { undated } = census;
  return {
    ...{ reader, census, lists, isDue },
    landmark: new NextLandmark(census.next),
    showsUndated: undated > 0 && (showsAll || undated !== memory.undated),
    anew: fullRefresh || (saved !== undefined && !isValid),
    memory: begins ? { ...memory, since: undefined, whole: true } : memory,
  };
}

/** What to remember while the walk goes on. It has to be stored before, or with, what the walk shows. */
export function memoryDuring(
  { memory, landmark, lists }: WalkPlan,
  since: string | undefined,
): Memory {
  return { ...memory, since, landmark: lists ? undefined : landmark.landmark };
}

/** What to remember once the walk has ended. Without a complete list of ids, the next sync has to look again for what is gone. */
export function memoryAfter(
  { memory, census, landmark, lists, isDue }: WalkPlan,
  { since, startedAt, listed }: { since: string | undefined; startedAt: Date; listed: boolean },
): Memory {
  return {
    since: since ?? epoch,
    whole: false,
    rescanned: memory.whole || (isDue && listed) ? startedAt.toISOString() : memory.rescanned,
    landmark: !lists || listed ? landmark.landmark : undefined,
    undated: census.undated,
    scope: memory.scope,
  };
}

/** The ids of all runs where they are needed and can be had. */
export async function listedIds(
  { reader, lists }: WalkPlan,
  { log }: Pick<ReadOptions, "log">,
): Promise<ReadonlySet<string> | undefined> {
  const ids = lists ? await reader.ids() : undefined;
  if (lists && !ids) {
    log.warning(
      "the list of runs changed while it was read; what is gone is found by the next sync",
    );
  }
  return ids;
}

const nothing = {
  ...{ since: undefined, whole: false, rescanned: undefined, landmark: undefined },
  undated: 0,
};

const landmarkShape = z.object({
  instant: z.string(),
  below: z.number(),
  newest: z.array(z.string()),
});

const memoryShape = z.object({
  since: z.string().optional(),
  whole: z.boolean().default(false),
  rescanned: z.string().optional(),
  landmark: landmarkShape.optional().catch(undefined),
  undated: z.number().default(0),
  scope: z.string(),
});

function memoryOf(checkpoint: Checkpoint | undefined): Memory | undefined {
  const found = memoryShape.safeParse(checkpoint).data;
  return found && { ...nothing, ...found };
}

/** A memory as a checkpoint; the same memory makes the same one. */
export function checkpointOf(memory: Memory): Checkpoint {
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
function changeOf({ landmark }: Memory, { below, kept }: Census): "none" | "appeared" | "vanished" {
  if (!landmark || below < landmark.below || kept < landmark.newest.length) return "vanished";
  return below > landmark.below ? "appeared" : "none";
}
