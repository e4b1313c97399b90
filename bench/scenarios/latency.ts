import { join } from "node:path";
import { opikProgram, startOpik } from "../services/opik.ts";
import type { Scenario } from "../scenario.ts";
import { newSqlite } from "../target.ts";
import { requestsTo } from "../worker.ts";

const latencyMs = 100;
/** What the program does without being told. */
const concurrency = 8;

/** Pages that are late, in partitions that do not depend on each other. */
export const latency: Scenario = {
  name: "latency",
  async *run(context) {
    const datasets = context.short ? 150 : 500;
    await using server = await startOpik({ datasets, itemsPerDataset: 100, latencyMs });
    const { destination } = newSqlite(join(context.folder, "latency"));
    const sync = await opikProgram(context, { server, destination });
    const { seconds } = await sync();
    const requests = await requestsTo(server);
    const floorSeconds = (requests * latencyMs) / 1000 / concurrency;
    const ratio = seconds / floorSeconds;
    yield {
      scenario: "latency",
      measured: `${seconds.toFixed(2)} s for ${requests} requests`,
      floor: `${floorSeconds.toFixed(2)} s at ${concurrency} at once`,
      ratio,
      aim: "<= 1.2",
      met: ratio <= 1.2,
      timeGoes: "start-up, and the lists that are read one after the other before the items",
      detail: { seconds, requests, floorSeconds },
    };
  },
};
