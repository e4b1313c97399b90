import { z } from "zod";
import type { Checkpoint } from "../../../core/source.ts";
import type { ListedRun } from "../reader/project-reader.ts";

/**
 * What is saved about a run: where to resume its history and, once all of it was read, how the run
 * looked then. Without the latter the run is unfinished: it was interrupted or failed.
 */
interface RunCheckpoint {
  readonly resume: Checkpoint | undefined;
  readonly done: Pick<ListedRun, "lastSeen" | "lineCount"> | undefined;
  /** Whether it failed in the last sync. */
  readonly failed: boolean;
}

const shape = z.object({
  failed: z.boolean().optional(),
  done: z.object({ seen: z.string().optional(), lines: z.number().optional() }).optional(),
});

/** Parses the checkpoint of a run. */
export function parseRunCheckpoint(checkpoint: Checkpoint): RunCheckpoint {
  const { done, failed, ...resume } = checkpoint;
  const parsed = shape.safeParse({ done, failed }).data;
  const { seen, lines } = parsed?.done ?? {};
  return {
    resume,
    done: parsed?.done && { lastSeen: seen, lineCount: lines },
    failed: parsed?.failed === true,
  };
}

/** The checkpoint of an unfinished run. */
export function openCheckpoint(resume: Checkpoint | undefined): Checkpoint {
  return { ...resume };
}

/** The checkpoint of a run that failed, which the next sync tries first. */
export function failedCheckpoint(resume: Checkpoint | undefined): Checkpoint {
  return { ...resume, failed: true };
}

/** The checkpoint of a run whose whole history was read. */
export function finishedCheckpoint(
  resume: Checkpoint | undefined,
  { lastSeen, lineCount }: Pick<ListedRun, "lastSeen" | "lineCount">,
): Checkpoint {
  const done = {
    ...(lastSeen === undefined ? {} : { seen: lastSeen }),
    ...(lineCount === undefined ? {} : { lines: lineCount }),
  };
  return { ...resume, done };
}

/**
 * Whether a run looks as it did when it was finished. False if it has neither a heartbeat nor a
 * line count, as it may have changed.
 */
export function isUnchanged({ done }: RunCheckpoint, { lastSeen, lineCount }: ListedRun): boolean {
  if (lastSeen === undefined && lineCount === undefined) return false;
  return done !== undefined && done.lastSeen === lastSeen && done.lineCount === lineCount;
}
