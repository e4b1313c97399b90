import { itemTable, opikProgram, startOpik } from "../services/opik.ts";
import { rate, type Figure, type Scenario } from "../scenario.ts";
import { newTarget, targetKinds, type TargetKind } from "../target.ts";

const aims: Readonly<Record<TargetKind, number>> = { sqlite: 0.65, postgres: 0.7 };

/** Dataset items through the real program, from its start to its end. */
export const items: Scenario = {
  name: "items",
  async *run(context) {
    await using server = await startOpik({ itemsPerDataset: context.short ? 100_000 : 200_000 });
    for (const kind of targetKinds) {
      await using target = await newTarget(kind, context);
      const sync = await opikProgram(context, { server, destination: target.destination });
      const { seconds, cpuSeconds, peakMegabytes } = await sync();
      const floor = await target.floor(itemTable);
      yield figureOf(kind, { floor, seconds, cpuSeconds, peakMegabytes });
    }
  },
};

function figureOf(
  kind: TargetKind,
  {
    floor,
    seconds,
    ...used
  }: {
    readonly floor: { readonly rows: number; readonly seconds: number };
    readonly seconds: number;
    readonly cpuSeconds: number;
    readonly peakMegabytes: number;
  },
): Figure {
  const ratio = floor.seconds / seconds;
  return {
    scenario: `items, ${kind}`,
    measured: rate(floor.rows, seconds),
    floor: rate(floor.rows, floor.seconds),
    ratio,
    aim: `>= ${aims[kind]}`,
    met: ratio >= aims[kind],
    timeGoes: "the database takes as long as the floor, and waits for pages, JSON and garbage",
    detail: { rows: floor.rows, seconds, floorSeconds: floor.seconds, ...used },
  };
}
