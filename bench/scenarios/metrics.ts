import { timeGoes, inSeconds } from "../explain-usage.ts";
import { atLeast, rate, whole, type Scenario } from "../scenario.ts";
import { newTarget, pace, targetKinds, type TargetKind } from "../target.ts";
import { runWorker } from "../worker.ts";

const aims: Readonly<Record<TargetKind, number>> = { sqlite: 0.65, postgres: 0.75 };

/** Narrow rows in key order through the writer alone: no source, no HTTP, and the clock stands still while they are made. */
export const metrics: Scenario = {
  name: "metrics",
  async *run(context) {
    const rows = context.short ? 300_000 : 10_000_000;
    for (const kind of targetKinds) {
      await using target = await newTarget(kind, context);
      const { destination } = target;
      const run = await runWorker("metrics", { destination, rows }, pace);
      const { seconds } = run.answer;
      const floor = await target.floor("metrics");
      const ratio = floor.seconds / seconds;
      yield {
        scenario: `metrics, writer alone, ${kind}`,
        measured: rate(rows, seconds),
        floor: rate(rows, floor.seconds),
        ratio,
        aims: [
          atLeast(aims[kind], ratio),
          { aim: `${whole(rows)} rows stored`, met: floor.rows === rows },
        ],
        goes: timeGoes({
          run,
          floorSeconds: floor.seconds,
          also: [`the writer had the clock for ${inSeconds(seconds)}, the rest is making the rows`],
          rest: "each group is planned and stored before the next is made",
        }),
        detail: {
          ...{ rows, seconds, floorSeconds: floor.seconds },
          ...{ cpuSeconds: run.cpuSeconds, peakMegabytes: run.peakMegabytes },
        },
      };
    }
  },
};
