import { explainTime } from "../explain-usage.ts";
import type { MeasuredRun } from "../program.ts";
import { atLeast, type Figure, formatRate, type Scenario } from "../scenario.ts";
import { itemTable, opikProgram, startOpik } from "../services/opik.ts";
import { newTarget, type TargetKind, targetKinds, type Throughput } from "../target.ts";

const aims: Readonly<Record<TargetKind, number>> = { sqlite: 0.65, postgres: 0.7 };

/** Dataset items through the real program, including its start. */
export const items: Scenario = {
  name: "items",
  async *run(context) {
    await using server = await startOpik({ itemsPerDataset: context.short ? 100_000 : 200_000 });
    for (const kind of targetKinds) {
      await using target = await newTarget(kind, context);
      const sync = await opikProgram(context, { server, destination: target.destination });
      const run = await sync();
      yield toFigure(kind, { run, floor: await target.floor(itemTable) });
    }
  },
};

function toFigure(
  kind: TargetKind,
  { run, floor }: { readonly run: MeasuredRun; readonly floor: Throughput },
): Figure {
  const { seconds, cpuSeconds, peakMegabytes } = run;
  const ratio = floor.seconds / seconds;
  return {
    scenario: `items, ${kind}`,
    measured: formatRate(floor.rows, seconds),
    floor: formatRate(floor.rows, floor.seconds),
    ratio,
    aims: [atLeast(aims[kind], ratio)],
    explanation: explainTime({
      run,
      floorSeconds: floor.seconds,
      remainder: "the rest is JSON, keys, garbage, and the database waiting for pages",
    }),
    detail: { rows: floor.rows, seconds, floorSeconds: floor.seconds, cpuSeconds, peakMegabytes },
  };
}
