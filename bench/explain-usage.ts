import { availableParallelism } from "node:os";
import type { Usage } from "./program.ts";
import { whole } from "./scenario.ts";

export interface TimeSpent {
  readonly run: Usage;
  readonly floorSeconds?: number;
  /** What else was measured in this run. */
  readonly also?: readonly string[];
  /** What the rest is, as known from profiles. */
  readonly rest: string;
}

/** What the program used in this run, in words, and what it used it for. */
export function timeGoes({ run, floorSeconds, also = [], rest }: TimeSpent): string {
  const { seconds, cpuSeconds, userSeconds, systemSeconds } = run;
  const parts = `${inSeconds(userSeconds)} user, ${inSeconds(systemSeconds)} system`;
  const used = `used ${inSeconds(cpuSeconds)} of CPU (${parts}) in ${inSeconds(seconds)}`;
  return [
    `the program ${used} on ${availableParallelism()} cores`,
    ...(floorSeconds === undefined ? [] : [`the floor alone took ${inSeconds(floorSeconds)}`]),
    ...also,
    rest,
  ].join("; ");
}

/** How much of a program's memory is that of a bare node, both of this run, and what it needs the rest for. */
export function memoryGoes(run: Usage, bare: Usage): string {
  const own = `${whole(bare.peakMegabytes)} of the ${whole(run.peakMegabytes)} MB`;
  const heaps = "the heaps of the program and of SQLite's thread, SQLite's cache";
  return `a bare node takes ${own}; the rest is ${heaps}, rows under way, garbage not collected yet`;
}

/** `7.95 s`, `0.252 s`. */
export function inSeconds(seconds: number): string {
  return `${seconds.toFixed(seconds < 1 ? 3 : 2)} s`;
}
