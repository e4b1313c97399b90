import { createHash } from "node:crypto";
import { z } from "zod";
import type { Checkpoint } from "../../../core/source.ts";
import { parsePythonJson } from "./python-json.ts";

/** Where a reader stands in a run's history. */
export interface HistoryPosition {
  /** The greatest step that was read; undefined before the first. */
  readonly last: number | undefined;
  /** Lines so far. */
  readonly rows: number;
  /**
   * A digest of the line at that step. A run that was rewound and has gone on since has another line there, though it may have
   * as many.
   */
  readonly tail: string;
}

export const historyStart: HistoryPosition = { last: undefined, rows: 0, tail: "" };

const positionShape = z.object({ last: z.number(), rows: z.number(), tail: z.string() });

/** The place that a checkpoint holds, or the start. */
export function parsePosition(checkpoint: Checkpoint | undefined): HistoryPosition {
  return positionShape.safeParse(checkpoint).data ?? historyStart;
}

/** A place as a checkpoint; undefined at the start. */
export function positionCheckpoint({ last, rows, tail }: HistoryPosition): Checkpoint | undefined {
  return last === undefined ? undefined : { last, rows, tail };
}

/** What tells a line from another at the same step. */
export function lineDigest(line: string): string {
  return createHash("sha1").update(line).digest("base64url").slice(0, 12);
}

/** The step of a line; undefined where it has none. */
export function parseStep(line: string): number | undefined {
  return stepShape.safeParse(parsePythonJson(line)?.value).data?._step;
}

const stepShape = z.object({ _step: z.int() });
