import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runScript, type MeasuredRun } from "./program.ts";

/** Runs a node that does nothing: what it uses, any program does. */
export async function bareNode(folder: string): Promise<MeasuredRun> {
  const nothing = join(folder, "nothing.mjs");
  await writeFile(nothing, "");
  return await runScript(nothing, []);
}
