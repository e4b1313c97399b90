import { join } from "node:path";
import { explainTime } from "../explain-usage.ts";
import { atLeast, formatRate, type Scenario } from "../scenario.ts";
import { startWandb, wandbSync } from "../services/wandb.ts";
import { newSqlite } from "../target.ts";

const aim = 0.6;

/** Metric values without latency through the real program, including its start. */
export const wandbFirehose: Scenario = {
  name: "wandb-firehose",
  async *run(context) {
    const runs = context.short ? 10 : 500;
    await using server = await startWandb({ runs, steps: 2000, metrics: 10, latencyMs: 0 });
    const target = newSqlite(join(context.folder, "wandb-firehose"));
    const { destination } = target;
    const { run } = await wandbSync(context, { server, destination });
    const { seconds, cpuSeconds, peakMegabytes } = run;
    const floor = await target.floor("metrics");
    const ratio = floor.seconds / seconds;
    yield {
      scenario: "wandb-firehose, sqlite",
      measured: formatRate(floor.rows, seconds, "values"),
      floor: formatRate(floor.rows, floor.seconds, "values"),
      ratio,
      aims: [atLeast(aim, ratio)],
      explanation: explainTime({
        run,
        floorSeconds: floor.seconds,
        remainder:
          "the rest is lines and rows on one core, SQLite on the other, and the service between",
      }),
      detail: { rows: floor.rows, seconds, floorSeconds: floor.seconds, cpuSeconds, peakMegabytes },
    };
  },
};
