import { join } from "node:path";
import { formatSeconds, explainTime } from "../explain-usage.ts";
import { opikProgram, startOpik } from "../services/opik.ts";
import { atMost, type Scenario } from "../scenario.ts";
import { newSqlite } from "../target.ts";
import { countRequests } from "../worker.ts";

const latencyMs = 100;
/** What the program does without being told. */
const concurrency = 8;
/** The projects, the datasets, and the datasets again for whose items are read. */
const lists = 3;

/** Pages that are late, in partitions that do not depend on each other. */
export const latency: Scenario = {
  name: "latency",
  async *run(context) {
    const datasets = context.short ? 150 : 500;
    await using server = await startOpik({ datasets, itemsPerDataset: 100, latencyMs });
    const { destination } = newSqlite(join(context.folder, "latency"));
    const sync = await opikProgram(context, { server, destination });
    const run = await sync();
    const requests = await countRequests(server);
    // Of what is needed, not of what was asked: a request too many is no excuse.
    const needed = datasets + lists;
    const floorSeconds = (needed * latencyMs) / 1000 / concurrency;
    const ratio = run.seconds / floorSeconds;
    yield {
      scenario: "latency",
      measured: `${run.seconds.toFixed(2)} s for ${requests} requests`,
      floor: `${floorSeconds.toFixed(2)} s for ${needed}, ${concurrency} at once`,
      ratio,
      aims: [atMost(1.2, ratio)],
      goes: explainTime({
        run,
        notes: [
          `${requests} requests were sent; the ${needed} that are needed wait for ${formatSeconds(floorSeconds)}`,
        ],
        remainder:
          "the rest is start-up, and the lists that are read one after the other before the items",
      }),
      detail: { seconds: run.seconds, cpuSeconds: run.cpuSeconds, requests, needed, floorSeconds },
    };
  },
};
