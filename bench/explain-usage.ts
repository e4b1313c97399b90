import { availableParallelism } from "node:os";
import type { Usage } from "./program.ts";
import { formatInteger } from "./scenario.ts";

interface TimeUsage {
  readonly run: Usage;
  readonly floorSeconds?: number;
  /** Other measurements of this run. */
  readonly notes?: readonly string[];
  /** What the remaining time is used for, as profiles show. */
  readonly remainder: string;
}

/** Says how much CPU and time a run used, and what for. */
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

/** Says how much of a run's memory a bare Node.js process takes, and what the rest is used for. */
export function explainMemory(run: Usage, bare: Usage): string {
  const own = `${formatInteger(bare.peakMegabytes)} of the ${formatInteger(run.peakMegabytes)} MB`;
  const heaps = "the heaps of the program and of SQLite's thread, SQLite's cache";
  return `a bare node takes ${own}; the rest is ${heaps}, rows in flight and uncollected garbage`;
}

/** Formats seconds as `7.95 s` or `0.252 s`. */
export function formatSeconds(seconds: number): string {
  return `${seconds.toFixed(seconds < 1 ? 3 : 2)} s`;
}
