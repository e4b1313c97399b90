import { join } from "node:path";
import { explainTime, formatSeconds } from "../explain-usage.ts";
import { atMost, type Scenario } from "../scenario.ts";
import { opikProgram, startOpik } from "../services/opik.ts";
import { newSqlite } from "../target.ts";
import { countRequests } from "../worker.ts";

const latencyMs = 100;
/** The program's default. */
const concurrency = 8;
/** A dataset's version, and its items. */
const requestsPerDataset = 2;
/** Projects, datasets, permissions, and proofs of the login before, between and after. */
const otherRequests = 6;

/** Slow pages in independent partitions. */
export const latency: Scenario = {
  name: "latency",
  async *run(context) {
    const datasets = context.short ? 150 : 500;
    await using server = await startOpik({ datasets, itemsPerDataset: 100, latencyMs });
    const { destination } = newSqlite(join(context.folder, "latency"));
    const sync = await opikProgram(context, { server, destination });
    const run = await sync();
    const requests = await countRequests(server);
    // The floor counts the requests needed, not those sent: an unnecessary one must show.
    const needed = requestsPerDataset * datasets + otherRequests;
    const floorSeconds = (needed * latencyMs) / 1000 / concurrency;
    const ratio = run.seconds / floorSeconds;
    yield {
      scenario: "latency",
      measured: `${run.seconds.toFixed(2)} s for ${requests} requests`,
      floor: `${floorSeconds.toFixed(2)} s for ${needed}, ${concurrency} at once`,
      ratio,
      aims: [atMost(1.2, ratio)],
      explanation: explainTime({
        run,
        notes: [
          `${requests} requests were sent; the ${needed} that are needed take ${formatSeconds(floorSeconds)}`,
        ],
        remainder:
          "the rest is start-up, and the lists that are read one after the other before the items",
      }),
      detail: { seconds: run.seconds, cpuSeconds: run.cpuSeconds, requests, needed, floorSeconds },
    };
  },
};
