import { z } from "zod";
import { isDue } from "../../../core/is-due.ts";
import type { Checkpoint, ReadOptions } from "../../../core/source.ts";
import { toTimestamp } from "../../../core/timestamp.ts";
import type { CountlyConfig } from "../client/config.ts";

const interruptedShape = z.object({
  full: z.boolean(),
  since: z.string().optional(),
  next: z.string().optional(),
  began: z.string(),
  below: z.string(),
  keys: z.number(),
});

const shape = z.object({
  /** The mark: everything up to this activity is there. */
  since: z.string().optional(),
  /** When the last walk through all users began. */
  full: z.string().optional(),
  /** How many users that walk showed. */
  users: z.number().optional(),
  /** The instant before which users are none of ours, where only a part of the past is copied. */
  floor: z.string().optional(),
  /** How the users were read. */
  way: z.string().optional(),
  /** A walk that was interrupted, and where it goes on. */
  walk: interruptedShape.optional(),
  failed: z.boolean().optional(),
});

/** What is saved of an app's users. */
export type UserCheckpoint = z.output<typeof shape>;

/** What a checkpoint says; nothing where there is none. */
export function parseUserCheckpoint(checkpoint: Checkpoint | undefined): UserCheckpoint {
  return shape.safeParse(checkpoint).data ?? {};
}

/** A checkpoint without what is not known. */
export function toCheckpoint(saved: UserCheckpoint): Checkpoint {
  return JSON.parse(JSON.stringify(saved)) as Checkpoint;
}

/** One walk through the users of an app. */
export interface UserReadPlan {
  /** Whether it shows all users that there are, so that others are gone. */
  readonly full: boolean;
  /** Only users that were active at or after this instant. Absent: all. */
  readonly since: string | undefined;
  readonly floor: string | undefined;
  /** When it began. */
  readonly began: string;
  /** The mark that it earns, as far as that is known. */
  readonly next: string | undefined;
  /** Where it goes on. */
  readonly resume: { readonly below: string; readonly keys: number } | undefined;
}

const dayMs = 86_400_000;

/** What to read of an app: the rest of an interrupted walk, all users now and then, else those that were active since the mark. */
export function planRead(
  saved: UserCheckpoint,
  config: CountlyConfig,
  { startedAt, fullRefresh }: Pick<ReadOptions, "startedAt" | "fullRefresh">,
): UserReadPlan {
  const { since, full, walk } = saved;
  const floor = effectiveFloor(saved, configuredFloor(config, startedAt));
  if (walk && !fullRefresh) {
    const { below, keys } = walk;
    return { ...walk, since: walk.since, next: walk.next, floor, resume: { below, keys } };
  }
  const isFull = fullRefresh || since === undefined || isResyncDue(full, config, startedAt);
  return {
    full: isFull,
    since: isFull ? floor : minutesBefore(since, config.lookback_minutes),
    floor,
    began: startedAt.toISOString(),
    next: fullRefresh ? undefined : since,
    resume: undefined,
  };
}

/** Whether it is so long ago that everything was read, or never was. */
export function isResyncDue(
  last: string | undefined,
  { full_resync_days: days }: CountlyConfig,
  now: Date,
): boolean {
  return last === undefined || isDue(last, days, now);
}

/** Where the past begins. A setting that changed lets in more of the past, but puts out nobody who is there. */
function effectiveFloor(
  { floor, full, walk }: UserCheckpoint,
  wanted: string | undefined,
): string | undefined {
  const isBegun = full !== undefined || walk !== undefined;
  if (!isBegun || wanted === undefined) return wanted;
  return floor === undefined || floor < wanted ? floor : wanted;
}

function configuredFloor(
  { initial_sync_days: days }: CountlyConfig,
  startedAt: Date,
): string | undefined {
  return days === undefined
    ? undefined
    : new Date(startedAt.getTime() - days * dayMs).toISOString();
}

function minutesBefore(instant: string, minutes: number): string | undefined {
  return toTimestamp(new Date(Date.parse(instant) - minutes * 60_000).toISOString());
}
