import { z } from "zod";
import type { ReadOptions } from "../../core/source.ts";

/** What a stream has saved about a list, besides its ledger. */
const stateShape = z
  .object({
    /** What the listing and the rows depend on. */
    scope: z.string(),
    /** How many items the last listing had that was believed. */
    believed: z.int(),
    /** How many items the service counted and did not show. */
    hidden: z.int().default(0),
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
  readonly options: ReadOptions;
}

/** What an earlier sync saved about a list. */
export class SavedList {
  /** Undefined if nothing was saved under the same scope. */
  readonly current: ListState | undefined;
  /** Whether nothing is known of what is in the table. */
  readonly isFirst: boolean;
  /** How many items the last listing had that was believed; 0 if there was none. */
  readonly believed: number;

  constructor({ partition, scope, label, options, believedBefore = 0 }: TrackedListOptions) {
    const checkpoint = options.checkpoints.get(partition);
    const state = stateShape.safeParse(checkpoint).data;
    this.current = state?.scope === scope ? state : undefined;
    this.isFirst = state === undefined || state.unswept;
    this.believed = this.current?.believed ?? (state ? 0 : believedBefore);
    if (checkpoint && !state)
      options.log.info(`${label}: the state is from an earlier version; everything is read once`);
  }

  /** How many items the service counted and did not show. */
  get hidden(): number {
    return this.current?.hidden ?? 0;
  }
}
