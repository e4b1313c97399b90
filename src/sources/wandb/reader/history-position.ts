import { createHash } from "node:crypto";
import { z } from "zod";
import { shortDigest } from "../../../core/short-digest.ts";
import { formatInt64 } from "../../../json/int64.ts";
import { stepOf, type Step } from "./line-step.ts";

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

/**
 * The position after these lines, which are in the order of their steps and follow `before` others.
 * Undefined if none of them has a step. Lines without a step at the end are left to the next read.
 */
export function positionAfter(
  lines: readonly string[],
  before: number,
): HistoryPosition | undefined {
  const read = lines.slice(0, lines.findLastIndex((line) => stepOf(line) !== undefined) + 1);
  const step = stepOf(read.at(-1) ?? "");
  if (step === undefined) return undefined;
  const earlier = read.findLastIndex((line) => (stepOf(line) ?? step) !== step);
  const tail = read.slice(earlier + 1).filter((line) => stepOf(line) === step);
  return {
    last: formatInt64(BigInt(step)),
    rows: before + read.length,
    tail: shortDigest(tail.join("\n")),
  };
}

/**
 * How many of the lines at the beginning were read before `position`; undefined if they are not as
 * they were.
 */
export function countLinesRead(
  lines: readonly string[],
  { last, tail }: HistoryPosition,
): number | undefined {
  const isAtLast = (line: string): boolean => String(stepOf(line)) === String(last);
  if (shortDigest(lines.filter(isAtLast).join("\n")) !== tail) return undefined;
  return lines.findLastIndex(isAtLast) + 1;
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
  let latest: Step = 0;
  return lines
    .map((line) => ({ line, step: (latest = stepOf(line) ?? latest) }))
    .sort((a, b) => (a.step < b.step ? -1 : Number(a.step > b.step)))
    .map(({ line }) => line);
}
