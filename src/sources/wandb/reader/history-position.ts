import { createHash } from "node:crypto";
import { z } from "zod";
import type { Checkpoint } from "../../../core/source.ts";
import { parsePythonJson } from "./python-json.ts";

/** How far a run's history has been read. Saved in checkpoints under these names. */
export interface HistoryPosition {
  /** The greatest step read; undefined before the first. */
  readonly last: number | undefined;
  /** How many lines have been read. */
  readonly rows: number;
  /**
   * A digest of the line at `last`. If the run was rewound and then continued, that line differs,
   * even if there are as many lines as before.
   */
  readonly tail: string;
}

/** The position before the first line. */
export const historyStart: HistoryPosition = { last: undefined, rows: 0, tail: "" };

const positionShape = z.object({ last: z.number(), rows: z.number(), tail: z.string() });

/** The position in a checkpoint, or the start. */
export function parsePosition(checkpoint: Checkpoint | undefined): HistoryPosition {
  return positionShape.safeParse(checkpoint).data ?? historyStart;
}

/** The checkpoint of a position; undefined at the start. */
export function positionCheckpoint({ last, rows, tail }: HistoryPosition): Checkpoint | undefined {
  return last === undefined ? undefined : { last, rows, tail };
}

/** A short digest, to tell apart lines with the same step. */
export function lineDigest(line: string): string {
  return createHash("sha1").update(line).digest("base64url").slice(0, 12);
}

/** The step of a line; undefined if it has none. */
export function parseStep(line: string): number | undefined {
  return stepShape.safeParse(parsePythonJson(line)?.value).data?._step;
}

const stepShape = z.object({ _step: z.int() });
