import { join } from "node:path";
import { z } from "zod";
import { explainTime } from "../explain-usage.ts";
import { atLeast, formatRate, under, formatInteger, type Scenario } from "../scenario.ts";
import { newSqlite } from "../target.ts";
import { startWandb, wandbSync } from "../services/wandb.ts";
import { countRequests, runWorker } from "../worker.ts";

const timesFaster = 20;
const mostMegabytes = 300;
const walkShape = z.object({
  runs: z.number(),
  requests: z.number(),
  values: z.number(),
  seconds: z.number(),
});

/** A large project behind 50 ms, beside a plain sequential walk through a part of it, extrapolated to all of it. */
export const wandbProject: Scenario = {
  name: "wandb-project",
  async *run(context) {
    const runs = context.short ? 300 : 20_000;
    const shape = { runs, steps: 200, metrics: 10, latencyMs: 50 };
    await using server = await startWandb(shape);
    const { destination } = newSqlite(join(context.folder, "wandb-project"));
    const run = await wandbSync(context, { server, destination });
    const { seconds, peakMegabytes } = run;
    const requests = await countRequests(server);
    const part = context.short ? 50 : 300;
    const { answer: walk } = await runWorker(
      "wandb-walk",
      { url: server.url, runs: part },
      walkShape,
    );
    const walkSeconds = (walk.seconds * runs) / walk.runs;
    const walkRequests = (walk.requests * runs) / walk.runs;
    const ratio = walkSeconds / seconds;
    const values = runs * shape.steps * shape.metrics;
    yield {
      scenario: `wandb-project, ${formatInteger(runs)} runs`,
      measured: `${seconds.toFixed(1)} s, ${formatInteger(requests)} requests, ${formatInteger(peakMegabytes)} MB`,
      floor: `a walk: ${formatInteger(walkSeconds)} s, ${formatInteger(walkRequests)} requests`,
      ratio,
      aims: [atLeast(timesFaster, ratio), under(mostMegabytes, peakMegabytes, "MB")],
      goes: explainTime({
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
        walkSeconds,
        walkRequests,
      },
    };
  },
};
