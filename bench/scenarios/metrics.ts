import { explainTime, formatSeconds } from "../explain-usage.ts";
import { atLeast, formatInteger, formatRate, type Scenario } from "../scenario.ts";
import { newTarget, type TargetKind, targetKinds, throughputShape } from "../target.ts";
import { runWorker } from "../worker.ts";

const aims: Readonly<Record<TargetKind, number>> = { sqlite: 0.65, postgres: 0.75 };

/** Narrow rows in key order through the writer alone, without a source and HTTP. */
export const metrics: Scenario = {
  name: "metrics",
  async *run(context) {
    const rows = context.short ? 300_000 : 10_000_000;
    for (const kind of targetKinds) {
      await using target = await newTarget(kind, context);
      const { destination } = target;
      const run = await runWorker("metrics", { destination, rows }, throughputShape);
      const { seconds } = run.result;
      const floor = await target.floor("metrics");
      const ratio = floor.seconds / seconds;
      yield {
        scenario: `metrics, writer alone, ${kind}`,
        measured: formatRate(rows, seconds),
        floor: formatRate(rows, floor.seconds),
        ratio,
        aims: [
          atLeast(aims[kind], ratio),
          { aim: `${formatInteger(rows)} rows stored`, met: floor.rows === rows },
        ],
        explanation: explainTime({
          run,
          floorSeconds: floor.seconds,
          notes: [`the writer took ${formatSeconds(seconds)}, the rest is making the rows`],
          remainder: "each group is planned and stored before the next is made",
        }),
        detail: {
          ...{ rows, seconds, floorSeconds: floor.seconds },
          ...{ cpuSeconds: run.cpuSeconds, peakMegabytes: run.peakMegabytes },
        },
      };
    }
  },
};
