import { setTimeout as wait } from "node:timers/promises";
import type { EndedProgram, RunningProgram } from "./program.ts";

/** Kills a program as soon as a condition holds; what it left, or how it ended if it was done before. */
export async function killWhen(
  { child, ended }: RunningProgram,
  condition: () => boolean,
): Promise<EndedProgram> {
  while (child.exitCode === null && !condition()) await wait(2);
  child.kill("SIGKILL");
  return await ended;
}
