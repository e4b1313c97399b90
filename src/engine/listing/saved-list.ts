import { z } from "zod";
import type { ReadOptions } from "../../core/source.ts";
import type { MassDeletionError } from "../mass-deletion.ts";
import { instantOf } from "./windows.ts";

/** What a stream has saved about a list, besides its ledger. */
const stateShape = z
  .object({
    /** What the listing and the rows depend on. */
    scope: z.string(),
    /** How many items the last listing had that was believed. */
    believed: z.int(),
    /** How many items the service counted and did not show. */
    hidden: z.int().default(0),
    /** By the service's clock, in milliseconds since 1970; absent if nothing was believed. */
    listed: z
      .object({
        /** When the last listing began. */
        at: z.number(),
        /** When the last full listing began. */
        allAt: z.number(),
        /** When the newest item was created. */
        newest: z.number(),
      })
      .optional(),
    /** Rows of which nothing is known may be in the table; no listing was believed yet. */
    unswept: z.boolean().default(false),
  })
  .catchall(z.json());

type ListState = z.output<typeof stateShape>;

/** A list of which one stream keeps a ledger. */
export interface TrackedListOptions {
  /** The partition of the list's own checkpoint; those of its ledger begin with it. */
  readonly partition: string;
  /** The column values that all rows of the list share. */
  readonly where: Readonly<Record<string, string>>;
  /** For messages: what is listed, and the plural noun of its items. */
  readonly label: string;
  readonly noun: string;
  /** What the rows depend on: filters, patterns. If it changes, everything is read again. */
  readonly scope: string;
  /** How many items there were according to a checkpoint of an earlier version. */
  readonly believedBefore?: number;
  /** How long one full listing is enough, in minutes. Default: each sync needs one. */
  readonly listEveryMinutes?: number;
  /** Another list of the source was refused: nothing is marked as deleted here either. */
  readonly refusedBy?: MassDeletionError | undefined;
  readonly options: ReadOptions;
}

/** How far before the newest item new ones are looked for: they may appear out of order. */
const newMarginMs = 3_600_000;

/**
 * How far before the last listing activity is looked for: the service may show it late, and an
 * answer is older than its date.
 */
const activeMarginMs = 600_000;

/** What a listing of recent items asks for, and when it is enough. */
export interface Recency {
  /** Items created at this instant or later. */
  readonly created: string;
  /** Items last active at this instant or later. */
  readonly active: string;
  /** By the service's clock, in milliseconds since 1970: `since` inclusive, `until` exclusive. */
  readonly since: number;
  readonly until: number;
}

/** What an earlier sync saved about a list. */
export class SavedList {
  /** Undefined if nothing was saved under the same scope. */
  readonly current: ListState | undefined;
  /** Whether nothing is known of what is in the table. */
  readonly isFirst: boolean;
  /** How many items the last listing had that was believed; 0 if there was none. */
  readonly believed: number;
  /** The same of a listing under another scope. */
  readonly believedElsewhere: number;
  /** Set if a listing of the recent items may be enough. */
  readonly recency: Recency | undefined;

  constructor(list: TrackedListOptions) {
    const { partition, scope, label, options, believedBefore = 0 } = list;
    const checkpoint = options.checkpoints.get(partition);
    const state = stateShape.safeParse(checkpoint).data;
    this.current = state?.scope === scope ? state : undefined;
    this.isFirst = state === undefined || state.unswept;
    this.believedElsewhere = this.current ? 0 : (state?.believed ?? 0);
    this.believed = this.current?.believed ?? (state ? 0 : believedBefore);
    this.recency = recencyOf(this.current, list);
    if (checkpoint && !state)
      options.log.info(`${label}: the state is from an earlier version; everything is read once`);
  }

  /** How many items the service counted and did not show. */
  get hidden(): number {
    return this.current?.hidden ?? 0;
  }
}

function recencyOf(
  state: ListState | undefined,
  { listEveryMinutes = 0, options }: TrackedListOptions,
): Recency | undefined {
  if (!state?.listed || options.fullRefresh || options.allowMassDeletion === true) return undefined;
  const { at, allAt, newest } = state.listed;
  const until = allAt + listEveryMinutes * 60_000;
  // It is due already, without a look at the service.
  if (until <= at) return undefined;
  return {
    created: instantOf(Math.min(newest, at) - newMarginMs),
    active: instantOf(at - activeMarginMs),
    since: at,
    until,
  };
}
