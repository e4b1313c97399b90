import { setTimeout as wait } from "node:timers/promises";
import type { EndedProgram, RunningProgram } from "./program.ts";

/** Kills a program as soon as a condition holds, unless it ends before. Returns how it ended. */
export async function killWhen(
  { child, ended }: RunningProgram,
  condition: () => boolean,
): Promise<EndedProgram> {
  while (child.exitCode === null && !condition()) await wait(2);
  child.kill("SIGKILL");
  return await ended;
}
