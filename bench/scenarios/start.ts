import { explainTime, formatSeconds } from "../explain-usage.ts";
import { runWithLeastCpu } from "../least-cpu.ts";
import { bareNode, runProgram } from "../program.ts";
import { type Scenario, under } from "../scenario.ts";

/** `--help`, compared with a process that does nothing. */
export const start: Scenario = {
  name: "start",
  async *run(context) {
    const help = await runWithLeastCpu(context, () => runProgram("opik-sync", ["--help"]));
    const bare = await runWithLeastCpu(context, () => bareNode(context.folder));
    yield {
      scenario: "start",
      measured: `${help.cpuSeconds.toFixed(3)} s CPU`,
      floor: `${bare.cpuSeconds.toFixed(3)} s a bare node`,
      ratio: help.cpuSeconds / bare.cpuSeconds,
      aims: [under(0.15, help.cpuSeconds, "s")],
      explanation: explainTime({
        run: help,
        notes: [`a bare node used ${formatSeconds(bare.cpuSeconds)} of CPU`],
        remainder: "the rest is loading yargs and zod",
      }),
      detail: { cpuSeconds: help.cpuSeconds, bareCpuSeconds: bare.cpuSeconds },
    };
  },
};
