import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { explainTime, formatSeconds } from "../explain-usage.ts";
import { runWithLeastCpu } from "../least-cpu.ts";
import { runScript } from "../program.ts";
import { atMost, type Scenario, under } from "../scenario.ts";
import { opikProgram, startOpik } from "../services/opik.ts";
import { newSqlite } from "../target.ts";

/** A sync that finds nothing new, compared with a process that only loads the same modules. */
export const noOp: Scenario = {
  name: "no-op",
  async *run(context) {
    await using server = await startOpik({ itemsPerDataset: 1000 });
    const { destination } = newSqlite(join(context.folder, "no-op"));
    const sync = await opikProgram(context, { server, destination });
    await sync();
    const list = join(context.folder, "modules");
    const recorder = pathToFileURL(join(import.meta.dirname, "../modules/record.js")).href;
    const env = { BENCH_MODULES_FILE: list };
    await sync([], { env, nodeArgs: ["--import", recorder] });
    await writeFile(list, selectModules(await readFile(list, "utf8")));
    const loader = join(import.meta.dirname, "../workers/load-modules.js");
    const own = await runWithLeastCpu(context, () => sync());
    const bare = await runWithLeastCpu(context, () => runScript(loader, [list]));
    const ratio = own.cpuSeconds / bare.cpuSeconds;
    yield {
      scenario: "no-op",
      measured: `${own.cpuSeconds.toFixed(3)} s CPU`,
      floor: `${bare.cpuSeconds.toFixed(3)} s loading modules`,
      ratio,
      aims: [under(0.3, own.cpuSeconds, "s"), atMost(2, ratio)],
      explanation: explainTime({
        run: own,
        notes: [
          `a node that only loads the same modules used ${formatSeconds(bare.cpuSeconds)} of CPU`,
        ],
        remainder: "the rest is opening the file, three requests and SQLite's thread",
      }),
      detail: { cpuSeconds: own.cpuSeconds, bareCpuSeconds: bare.cpuSeconds, wall: own.seconds },
    };
  },
};

/** The modules of the program itself, without those that start or measure it. */
function selectModules(recorded: string): string {
  const modules = recorded
    .split("\n")
    .filter((url) => url.startsWith("file:"))
    .filter((url) => !/\/bin\/[^/]+\.js$|(?:usage-preload|sqlite-thread)\.js$/.test(url));
  return [...new Set(modules)].join("\n");
}
