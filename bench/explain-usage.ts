import { availableParallelism } from "node:os";
import type { Usage } from "./program.ts";
import { formatInteger } from "./scenario.ts";

export interface TimeUsage {
  readonly run: Usage;
  readonly floorSeconds?: number;
  /** What else was measured in this run. */
  readonly notes?: readonly string[];
  /** What the rest is, as known from profiles. */
  readonly remainder: string;
}

/** What the program used in this run, in words, and what it used it for. */
export function explainTime({ run, floorSeconds, notes = [], remainder }: TimeUsage): string {
  const { seconds, cpuSeconds, userSeconds, systemSeconds } = run;
  const parts = `${formatSeconds(userSeconds)} user, ${formatSeconds(systemSeconds)} system`;
  const used = `used ${formatSeconds(cpuSeconds)} of CPU (${parts}) in ${formatSeconds(seconds)}`;
  return [
    `the program ${used} on ${availableParallelism()} cores`,
    ...(floorSeconds === undefined ? [] : [`the floor alone took ${formatSeconds(floorSeconds)}`]),
    ...notes,
    remainder,
  ].join("; ");
}

/** How much of a program's memory is that of a bare node, both of this run, and what it needs the rest for. */
export function explainMemory(run: Usage, bare: Usage): string {
  const own = `${formatInteger(bare.peakMegabytes)} of the ${formatInteger(run.peakMegabytes)} MB`;
  const heaps = "the heaps of the program and of SQLite's thread, SQLite's cache";
  return `a bare node takes ${own}; the rest is ${heaps}, rows under way, garbage not collected yet`;
}

/** `7.95 s`, `0.252 s`. */
export function formatSeconds(seconds: number): string {
  return `${seconds.toFixed(seconds < 1 ? 3 : 2)} s`;
}
