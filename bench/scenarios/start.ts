import { bareNode } from "../bare-node.ts";
import { inSeconds, timeGoes } from "../explain-usage.ts";
import { leastCpu } from "../least-cpu.ts";
import { runProgram } from "../program.ts";
import { under, type Scenario } from "../scenario.ts";

/** `--help`, beside a node that does nothing. */
export const start: Scenario = {
  name: "start",
  async *run(context) {
    const help = await leastCpu(context, () => runProgram("opik-sync", ["--help"]));
    const bare = await leastCpu(context, () => bareNode(context.folder));
    yield {
      scenario: "start",
      measured: `${help.cpuSeconds.toFixed(3)} s CPU`,
      floor: `${bare.cpuSeconds.toFixed(3)} s a bare node`,
      ratio: help.cpuSeconds / bare.cpuSeconds,
      aims: [under(0.15, help.cpuSeconds, "s")],
      goes: timeGoes({
        run: help,
        also: [`a bare node used ${inSeconds(bare.cpuSeconds)} of CPU`],
        rest: "the rest is loading yargs and zod",
      }),
      detail: { cpuSeconds: help.cpuSeconds, bareCpuSeconds: bare.cpuSeconds },
    };
  },
};
