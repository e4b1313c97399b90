import { z } from "zod";
import { isDue } from "../../../core/is-due.ts";
import type { Checkpoint, QuarantinedEntry, ReadOptions } from "../../../core/source.ts";
import { toTimestamp } from "../../../core/timestamp.ts";
import { sinceQuarantined } from "../../../engine/read-again.ts";
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
  /** The high-water mark: all activity up to this instant has been read. */
  since: z.string().optional(),
  /** When the last read of all users began. */
  full: z.string().optional(),
  /** How many users that read found. */
  users: z.number().optional(),
  /** With `initial_sync_days`: users not active since this instant are not copied. */
  floor: z.string().optional(),
  /** Name of the endpoint that the users were read from. */
  way: z.string().optional(),
  /** A read that was interrupted, and its position. */
  walk: interruptedShape.optional(),
  /** Users that are gone may not be marked yet: all are to be read again. */
  unswept: z.boolean().optional(),
  failed: z.boolean().optional(),
});

/** The checkpoint of an app's users. */
export type UserCheckpoint = z.output<typeof shape>;

/** Parses a checkpoint; empty if there is none, or one of another shape. */
export function parseUserCheckpoint(checkpoint: Checkpoint | undefined): UserCheckpoint {
  return shape.safeParse(checkpoint).data ?? {};
}

/** The checkpoint to save, without undefined members. */
export function toCheckpoint(checkpoint: UserCheckpoint): Checkpoint {
  return JSON.parse(JSON.stringify(checkpoint)) as Checkpoint;
}

/** Which users of an app one read covers. */
export interface UserReadPlan {
  /** Whether it covers all users, so that others in the destination are deleted. */
  readonly full: boolean;
  /** Only users active at or after this instant. Undefined: all. */
  readonly since: string | undefined;
  /** The `floor` to save. */
  readonly floor: string | undefined;
  /** When the read began. */
  readonly began: string;
  /** The high-water mark so far. */
  readonly next: string | undefined;
  /** Where to resume. Undefined: from the start. */
  readonly resume: { readonly below: string; readonly keys: number } | undefined;
}

const dayMs = 86_400_000;

interface PlanOptions extends Pick<ReadOptions, "startedAt" | "fullRefresh"> {
  /** Whether nothing is marked in this sync, so that a resync has to wait. */
  readonly isRefused: boolean;
  /** Users of the app that are in quarantine. */
  readonly unstored: readonly QuarantinedEntry[];
  /** The columns by which the server selects users. */
  readonly cursors: readonly string[];
}

/**
 * Plans the next read of an app's users: the rest of an interrupted read; all users, if a resync
 * is due; otherwise those active since the mark, or since the first one that is in quarantine.
 */
export function planRead(
  saved: UserCheckpoint,
  config: CountlyConfig,
  { startedAt, fullRefresh, isRefused, unstored, cursors }: PlanOptions,
): UserReadPlan {
  const { since, full, walk, unswept = false } = saved;
  const floor = effectiveFloor(saved, configuredFloor(config, startedAt));
  if (walk && !fullRefresh) {
    const { below, keys } = walk;
    return { ...walk, since: walk.since, next: walk.next, floor, resume: { below, keys } };
  }
  const start = since === undefined ? undefined : sinceQuarantined(since, unstored, cursors);
  const mustRead =
    !isRefused && (unswept || start === undefined || isResyncDue(full, config, startedAt));
  const isFull = fullRefresh || since === undefined || mustRead;
  return {
    full: isFull,
    since: isFull ? floor : minutesBefore(start ?? since, config.lookback_minutes),
    floor,
    began: startedAt.toISOString(),
    next: fullRefresh ? undefined : since,
    resume: undefined,
  };
}

/** Whether everything must be read again: never done, or at least `full_resync_days` ago. */
export function isResyncDue(
  last: string | undefined,
  { full_resync_days: days }: CountlyConfig,
  now: Date,
): boolean {
  return last === undefined || isDue(last, days, now);
}

/**
 * The earlier of the saved and the configured floor: a changed setting may add users, but never
 * excludes users that were copied.
 */
function effectiveFloor(
  { floor, full, walk }: UserCheckpoint,
  configured: string | undefined,
): string | undefined {
  const isBegun = full !== undefined || walk !== undefined;
  if (!isBegun || configured === undefined) return configured;
  return floor === undefined || floor < configured ? floor : configured;
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
