import { join } from "node:path";
import { z } from "zod";
import { explainTime } from "../explain-usage.ts";
import { atLeast, formatInteger, formatRate, type Scenario, under } from "../scenario.ts";
import { startWandb, wandbSync } from "../services/wandb.ts";
import { newSqlite } from "../target.ts";
import { runWorker } from "../worker.ts";

const minSpeedup = 20;
const maxMegabytes = 300;
const sequentialShape = z.object({
  runs: z.number(),
  requests: z.number(),
  values: z.number(),
  seconds: z.number(),
});

/**
 * A large project with 50 ms latency, compared with a client that sends one request at a time,
 * whose time is extrapolated from some of the runs.
 */
export const wandbProject: Scenario = {
  name: "wandb-project",
  async *run(context) {
    const runs = context.short ? 300 : 20_000;
    const shape = { runs, steps: 200, metrics: 10, latencyMs: 50 };
    await using server = await startWandb(shape);
    const { destination } = newSqlite(join(context.folder, "wandb-project"));
    const { run, requests } = await wandbSync(context, { server, destination });
    const { seconds, peakMegabytes } = run;
    const sampleRuns = context.short ? 50 : 300;
    const { result: sequential } = await runWorker(
      "wandb-sequential",
      { url: server.url, runs: sampleRuns },
      sequentialShape,
    );
    const sequentialSeconds = (sequential.seconds * runs) / sequential.runs;
    const sequentialRequests = (sequential.requests * runs) / sequential.runs;
    const ratio = sequentialSeconds / seconds;
    const values = runs * shape.steps * shape.metrics;
    yield {
      scenario: `wandb-project, ${formatInteger(runs)} runs`,
      measured: `${seconds.toFixed(1)} s, ${formatInteger(requests)} requests, ${formatInteger(peakMegabytes)} MB`,
      floor: `sequentially: ${formatInteger(sequentialSeconds)} s, ${formatInteger(sequentialRequests)} requests`,
      ratio,
      aims: [atLeast(minSpeedup, ratio), under(maxMegabytes, peakMegabytes, "MB")],
      explanation: explainTime({
        run,
        notes: [
          `${formatInteger(values)} values were stored at ${formatRate(values, seconds, "values")}`,
        ],
        remainder:
          "most of the rest is storing them, see wandb-firehose for what SQLite alone needs",
      }),
      detail: {
        seconds,
        cpuSeconds: run.cpuSeconds,
        requests,
        peakMegabytes,
        sequentialSeconds,
        sequentialRequests,
      },
    };
  },
};
