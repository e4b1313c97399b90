import { rm } from "node:fs/promises";
import { join } from "node:path";
import { opikProgram, startOpik, type OpikOptions } from "../services/opik.ts";
import { bareNode } from "../bare-node.ts";
import { explainMemory } from "../explain-usage.ts";
import type { MeasuredRun } from "../program.ts";
import {
  atMost,
  under,
  formatInteger,
  type BenchContext,
  type Figure,
  type Scenario,
} from "../scenario.ts";
import { newSqlite } from "../target.ts";

const mostMegabytes = 200;
/** Peaks that differ by less are the same. */
const sameWithin = 1.15;

/** How much memory the program holds at most, by the number and the size of the rows. */
export const memory: Scenario = {
  name: "memory",
  async *run(context) {
    const [few, many] = context.short ? [20_000, 100_000] : [1_000_000, 10_000_000];
    const narrow = { ids: "descending", itemBytes: 300, keep: false } as const;
    const bare = await bareNode(context.folder);
    const small = await measureSync(context, { ...narrow, itemsPerDataset: few });
    yield toFigure(`memory, ${formatInteger(few)} rows`, { run: small, bare });
    const large = await measureSync(context, { ...narrow, itemsPerDataset: many });
    yield toFigure(`memory, ${formatInteger(many)} rows`, { run: large, bare, few: small });
    const rows = context.short ? 50 : 500;
    const wide = { ids: "descending", itemBytes: 2 ** 20, itemsPerDataset: rows } as const;
    const run = await measureSync(context, { ...wide, pageSize: 10, keep: false });
    yield toFigure(`memory, ${rows} rows of 1 MB`, { run, bare });
  },
};

async function measureSync(context: BenchContext, options: OpikOptions): Promise<MeasuredRun> {
  const { pageSize = 1000 } = options;
  await using server = await startOpik({ ...options, pageSize });
  const { path, destination } = newSqlite(join(context.folder, "memory"));
  const sync = await opikProgram(context, { server, destination, pageSize });
  const run = await sync();
  await rm(path);
  return run;
}

interface Runs {
  readonly run: MeasuredRun;
  readonly bare: MeasuredRun;
  /** With fewer rows: the peak is to be the same. */
  readonly few?: MeasuredRun;
}

function toFigure(scenario: string, { run, bare, few }: Runs): Figure {
  const { peakMegabytes } = run;
  const belowMost = under(mostMegabytes, peakMegabytes, "MB");
  const common = {
    scenario,
    measured: `${formatInteger(peakMegabytes)} MB`,
    goes: explainMemory(run, bare),
    detail: { peakMegabytes, bareMegabytes: bare.peakMegabytes },
  };
  if (!few) return { ...common, floor: "", aims: [belowMost] };
  const ratio = peakMegabytes / few.peakMegabytes;
  const floor = `${formatInteger(few.peakMegabytes)} MB`;
  return { ...common, floor, ratio, aims: [belowMost, atMost(sameWithin, ratio)] };
}
