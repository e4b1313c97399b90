import { createHash } from "node:crypto";
import { z } from "zod";
import type { Checkpoint } from "../../../core/source.ts";
import { formatStep, stepOf, type Step } from "./line-step.ts";

/** How far a run's history has been read. Saved in checkpoints as it is. */
export type HistoryPosition = Readonly<z.output<typeof positionShape>>;

/** The shape of a position in a checkpoint. */
export const positionShape = z.object({
  /** The greatest step read, as text if a number would round it. */
  last: z.union([z.int(), z.string().regex(/^-?\d{1,19}$/)]),
  /** How many lines there are up to that step, including all of its own. */
  rows: z.int(),
  /**
   * A digest of the lines at `last`. If the run was rewound and then continued, they differ, even
   * if there are as many lines as before.
   */
  tail: z.string(),
});

/** The position in a checkpoint; undefined at the start. */
export function parsePosition(checkpoint: Checkpoint | undefined): HistoryPosition | undefined {
  return positionShape.safeParse(checkpoint).data;
}

/**
 * The position after these lines, which are in the order of their steps and follow `before` others.
 * Undefined if none of them has a step. Lines without a step at the end are left to the next read.
 */
export function positionAfter(
  lines: readonly string[],
  before: number,
): HistoryPosition | undefined {
  for (let count = lines.length; count > 0; count -= 1) {
    const step = stepOf(lines[count - 1] ?? "");
    if (step === undefined) continue;
    const tail = linesDigest(linesAt(step, lines.slice(0, count)));
    return { last: formatStep(BigInt(step)), rows: before + count, tail };
  }
  return undefined;
}

/** The last lines that have this step. */
function linesAt(step: Step, lines: readonly string[]): readonly string[] {
  const other = lines.findLastIndex((line) => (stepOf(line) ?? step) !== step);
  return lines.slice(other + 1).filter((line) => stepOf(line) === step);
}

/**
 * How many of the lines at the beginning were read before `position`; undefined if they are not as
 * they were.
 */
export function countLinesRead(
  lines: readonly string[],
  { last, tail }: HistoryPosition,
): number | undefined {
  const step = BigInt(last);
  const isAtLast = (line: string): boolean => {
    const found = stepOf(line);
    return found !== undefined && BigInt(found) === step;
  };
  const read = lines.filter(isAtLast);
  if (read.length === 0 || linesDigest(read) !== tail) return undefined;
  return lines.findLastIndex(isAtLast) + 1;
}

/** A short digest, to tell apart lines with the same step. */
export function lineDigest(line: string): string {
  return createHash("sha1").update(line).digest("base64url").slice(0, 12);
}

function linesDigest(lines: readonly string[]): string {
  return lineDigest(lines.join("\n"));
}

/** Digests all lines of a history; where its pages begin and end makes no difference. */
export class HistoryDigest {
  readonly #hash = createHash("sha1");

  /** Adds the lines of a page. */
  add(lines: readonly string[]): void {
    if (lines.length > 0) this.#hash.update(`${lines.join("\n")}\n`);
  }

  /** The digest. Call once, after the last page. */
  end(): string {
    return this.#hash.digest("base64url");
  }
}

/**
 * Lines in the order of their steps, which is how the service sends them unless it says otherwise:
 * two writers may have logged the same steps one after the other. A line without a step keeps its
 * neighbour.
 */
export function orderBySteps(lines: readonly string[]): readonly string[] {
  if (areOrdered(lines)) return lines;
  let latest: Step = 0;
  return lines
    .map((line) => ({ line, step: (latest = stepOf(line) ?? latest) }))
    .sort((a, b) => (a.step < b.step ? -1 : Number(a.step > b.step)))
    .map(({ line }) => line);
}

function areOrdered(lines: readonly string[]): boolean {
  let latest: Step | undefined;
  return lines.every((line) => {
    const step = stepOf(line) ?? latest;
    const follows = latest === undefined || step === undefined || step >= latest;
    latest = step;
    return follows;
  });
}
