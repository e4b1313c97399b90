import { rm } from "node:fs/promises";
import { join } from "node:path";
import { opikProgram, startOpik, type OpikOptions } from "../services/opik.ts";
import { whole, type BenchContext, type Figure, type Scenario } from "../scenario.ts";
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
    const small = await peakOf(context, { ...narrow, itemsPerDataset: few });
    yield figureOf(`memory, ${whole(few)} rows`, small);
    const large = await peakOf(context, { ...narrow, itemsPerDataset: many });
    yield figureOf(`memory, ${whole(many)} rows`, large, small);
    const rows = context.short ? 50 : 500;
    const wide = { ids: "descending", itemBytes: 2 ** 20, itemsPerDataset: rows } as const;
    const peak = await peakOf(context, { ...wide, pageSize: 10, keep: false });
    yield figureOf(`memory, ${rows} rows of 1 MB`, peak);
  },
};

async function peakOf(context: BenchContext, options: OpikOptions): Promise<number> {
  const { pageSize = 1000 } = options;
  await using server = await startOpik({ ...options, pageSize });
  const { path, destination } = newSqlite(join(context.folder, "memory"));
  const sync = await opikProgram(context, { server, destination, pageSize });
  const { peakMegabytes } = await sync();
  await rm(path);
  return peakMegabytes;
}

function figureOf(scenario: string, peak: number, flat?: number): Figure {
  const isFlat = flat === undefined || peak <= flat * sameWithin;
  return {
    scenario,
    measured: `${whole(peak)} MB`,
    floor: flat === undefined ? "" : `${whole(flat)} MB`,
    ...(flat === undefined ? {} : { ratio: peak / flat }),
    aim: flat === undefined ? `< ${mostMegabytes} MB` : `< ${mostMegabytes} MB, <= ${sameWithin}`,
    met: peak < mostMegabytes && isFlat,
    timeGoes: "Node itself 45 MB, two heaps 130 MB, SQLite's cache 16 MB, rows under way",
    detail: { peakMegabytes: peak },
  };
}
