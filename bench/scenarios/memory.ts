import { rm } from "node:fs/promises";
import { join } from "node:path";
import { explainMemory } from "../explain-usage.ts";
import { bareNode, type MeasuredRun } from "../program.ts";
import {
  atMost,
  type BenchContext,
  type Figure,
  formatInteger,
  type Scenario,
  under,
} from "../scenario.ts";
import { type OpikOptions, opikProgram, startOpik } from "../services/opik.ts";
import { newSqlite } from "../target.ts";

const maxMegabytes = 200;
/** Peaks that differ by less than this factor count as equal. */
const tolerance = 1.15;

/** Peak memory of the program, by number and size of rows. */
export const memory: Scenario = {
  name: "memory",
  async *run(context) {
    const [few, many] = context.short ? [20_000, 100_000] : [1_000_000, 10_000_000];
    const narrow = { ids: "descending", itemBytes: 300, keepPages: false } as const;
    const bare = await bareNode(context.folder);
    const small = await measureSync(context, { ...narrow, itemsPerDataset: few });
    yield toFigure(`memory, ${formatInteger(few)} rows`, { run: small, bare });
    const large = await measureSync(context, { ...narrow, itemsPerDataset: many });
    yield toFigure(`memory, ${formatInteger(many)} rows`, { run: large, bare, few: small });
    const rows = context.short ? 50 : 500;
    const wide = { ids: "descending", itemBytes: 2 ** 20, itemsPerDataset: rows } as const;
    const run = await measureSync(context, { ...wide, pageSize: 10, keepPages: false });
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
  /** A run with fewer rows, whose peak should be the same. */
  readonly few?: MeasuredRun;
}

function toFigure(scenario: string, { run, bare, few }: Runs): Figure {
  const { peakMegabytes } = run;
  const belowMax = under(maxMegabytes, peakMegabytes, "MB");
  const common = {
    scenario,
    measured: `${formatInteger(peakMegabytes)} MB`,
    explanation: explainMemory(run, bare),
    detail: { peakMegabytes, bareMegabytes: bare.peakMegabytes },
  };
  if (!few) return { ...common, floor: "", aims: [belowMax] };
  const ratio = peakMegabytes / few.peakMegabytes;
  const floor = `${formatInteger(few.peakMegabytes)} MB`;
  return { ...common, floor, ratio, aims: [belowMax, atMost(tolerance, ratio)] };
}
