import { rate, type Scenario } from "../scenario.ts";
import { newTarget, pace, targetKinds, type TargetKind } from "../target.ts";
import { runWorker } from "../worker.ts";

const aims: Readonly<Record<TargetKind, number>> = { sqlite: 0.65, postgres: 0.75 };

/** Narrow rows in key order through the writer. */
export const metrics: Scenario = {
  name: "metrics",
  async *run(context) {
    const rows = context.short ? 300_000 : 10_000_000;
    for (const kind of targetKinds) {
      await using target = await newTarget(kind, context);
      const { destination } = target;
      const { answer, peakMegabytes } = await runWorker("metrics", { destination, rows }, pace);
      const floor = await target.floor("metrics");
      const ratio = floor.seconds / answer.seconds;
      yield {
        scenario: `metrics, ${kind}`,
        measured: rate(rows, answer.seconds),
        floor: rate(rows, floor.seconds),
        ratio,
        aim: `>= ${aims[kind]}`,
        met: ratio >= aims[kind] && floor.rows === rows,
        timeGoes: "each group is planned and stored before the next is made",
        detail: { rows, seconds: answer.seconds, floorSeconds: floor.seconds, peakMegabytes },
      };
    }
  },
};
