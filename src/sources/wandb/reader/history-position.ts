import { createHash } from "node:crypto";
import { z } from "zod";
import type { Checkpoint } from "../../../core/source.ts";
import { pythonJson } from "./python-json.ts";

/** Where a reader stands in a run's history. */
export interface HistoryPlace {
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

export const historyStart: HistoryPlace = { last: undefined, rows: 0, tail: "" };

const placeShape = z.object({ last: z.number(), rows: z.number(), tail: z.string() });

/** The place that a checkpoint holds, or the start. */
export function placeIn(checkpoint: Checkpoint | undefined): HistoryPlace {
  return placeShape.safeParse(checkpoint).data ?? historyStart;
}

/** A place as a checkpoint; undefined at the start. */
export function checkpointOf({ last, rows, tail }: HistoryPlace): Checkpoint | undefined {
  return last === undefined ? undefined : { last, rows, tail };
}

/** What tells a line from another at the same step. */
export function tailOf(line: string): string {
  return createHash("sha1").update(line).digest("base64url").slice(0, 12);
}

/** The step of a line; undefined where it has none. */
export function stepOf(line: string): number | undefined {
  return stepShape.safeParse(pythonJson(line)?.value).data?._step;
}

const stepShape = z.object({ _step: z.int() });
