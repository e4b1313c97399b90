import { z } from "zod";
import type { Checkpoint } from "../../../core/source.ts";
import type { ListedRun } from "../reader/project-reader.ts";

/**
 * What is saved of a run: where to go on in its history, and, once all of that was read, what the run looked like. Without the
 * latter it is still open: it was interrupted, or it failed.
 */
export interface RunCheckpoint {
  readonly resume: Checkpoint | undefined;
  readonly done: Pick<ListedRun, "lastSeen" | "lineCount"> | undefined;
  /** Whether it failed last time. */
  readonly failed: boolean;
}

const shape = z.object({
  failed: z.boolean().optional(),
  done: z.object({ seen: z.string().optional(), lines: z.number().optional() }).optional(),
});

/** What a checkpoint says of its run. */
export function parseRunCheckpoint(checkpoint: Checkpoint): RunCheckpoint {
  const { done, failed, ...resume } = checkpoint;
  const found = shape.safeParse({ done, failed }).data;
  const { seen, lines } = found?.done ?? {};
  return {
    resume,
    done: found?.done && { lastSeen: seen, lineCount: lines },
    failed: found?.failed === true,
  };
}

/** The checkpoint of a run that is still open. */
export function openCheckpoint(resume: Checkpoint | undefined): Checkpoint {
  return { ...resume };
}

/** The checkpoint of a run that failed, by which the next sync tries it first. */
export function failedCheckpoint(resume: Checkpoint | undefined): Checkpoint {
  return { ...resume, failed: true };
}

/** The checkpoint of a run of which everything was read. */
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

/** Whether a run looks as it did when all of it was read. Of one that shows nothing of itself, nobody knows. */
export function isUnchanged({ done }: RunCheckpoint, { lastSeen, lineCount }: ListedRun): boolean {
  if (lastSeen === undefined && lineCount === undefined) return false;
  return done !== undefined && done.lastSeen === lastSeen && done.lineCount === lineCount;
}
