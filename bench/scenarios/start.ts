import { join } from "node:path";
import { runProgram, runScript } from "../program.ts";
import type { Scenario } from "../scenario.ts";
import { leastCpu } from "./no-op.ts";
import { writeFile } from "node:fs/promises";

/** `--help`, beside a node that does nothing. */
export const start: Scenario = {
  name: "start",
  async *run({ folder }) {
    const nothing = join(folder, "nothing.mjs");
    await writeFile(nothing, "");
    const help = await leastCpu(() => runProgram("opik-sync", ["--help"]));
    const bare = await leastCpu(() => runScript(nothing, []));
    yield {
      scenario: "start",
      measured: `${help.cpuSeconds.toFixed(3)} s CPU`,
      floor: `${bare.cpuSeconds.toFixed(3)} s a bare node`,
      ratio: help.cpuSeconds / bare.cpuSeconds,
      aim: "< 0.15 s",
      met: help.cpuSeconds < 0.15,
      timeGoes: "loading yargs and zod",
      detail: { cpuSeconds: help.cpuSeconds, bareCpuSeconds: bare.cpuSeconds },
    };
  },
};
