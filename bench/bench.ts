import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { saveResults, printResults } from "./results.ts";
import { lazyPostgres } from "./lazy-postgres.ts";
import type { BenchContext, Figure, Scenario } from "./scenario.ts";
import { countly } from "./scenarios/countly.ts";
import { items } from "./scenarios/items.ts";
import { latency } from "./scenarios/latency.ts";
import { memory } from "./scenarios/memory.ts";
import { metrics } from "./scenarios/metrics.ts";
import { noOp } from "./scenarios/no-op.ts";
import { singer } from "./scenarios/singer.ts";
import { start } from "./scenarios/start.ts";
import { unchanged } from "./scenarios/unchanged.ts";
import { wandbFirehose } from "./scenarios/wandb-firehose.ts";
import { wandbProject } from "./scenarios/wandb-project.ts";
import { abortOnSignals, abortSignal, signalExitStatus } from "./abort-signal.ts";

const scenarios: readonly Scenario[] = [
  items,
  metrics,
  unchanged,
  latency,
  noOp,
  memory,
  singer,
  countly,
  start,
  wandbProject,
  wandbFirehose,
];

export interface BenchOptions {
  /** Of scenarios; none are all. */
  readonly names: readonly string[];
  readonly short: boolean;
  /** The folder for the figures. */
  readonly results: string;
}

/**
 * Runs scenarios one after the other, prints a table and keeps it as JSON, with what there is where some could not be run or a signal came.
 * Gives the exit status.
 */
export async function bench({ names, short, results }: BenchOptions): Promise<number> {
  abortOnSignals();
  const figures: Figure[] = [];
  let status = 0;
  try {
    await using postgres = lazyPostgres();
    for (const scenario of selectScenarios(names)) {
      if (abortSignal.aborted) break;
      const done = await runScenario(scenario, { short, postgres: postgres.url, figures });
      if (!done) status = 1;
    }
  } finally {
    if (abortSignal.aborted) status = signalExitStatus();
    if (figures.length > 0) {
      const file = await saveResults(figures, { short, complete: status === 0, folder: results });
      printResults(figures);
      process.stdout.write(`\n${file}\n`);
    }
  }
  return status;
}

function selectScenarios(names: readonly string[]): readonly Scenario[] {
  return names.length === 0 ? scenarios : scenarios.filter(({ name }) => names.includes(name));
}

/** Adds the figures of a scenario, each as soon as it is known. False where it could not be run to its end. */
async function runScenario(
  scenario: Scenario,
  { figures, ...context }: Omit<BenchContext, "folder"> & { readonly figures: Figure[] },
): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), "rivulet-bench-"));
  try {
    for await (const figure of scenario.run({ ...context, folder })) {
      process.stderr.write(`${figure.scenario}: ${figure.measured}\n`);
      figures.push(figure);
    }
    return true;
  } catch (error) {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    // What fails after a signal fails because its processes were ended.
    const told = abortSignal.aborted ? `stopped by ${String(abortSignal.reason)}` : why;
    process.stderr.write(`${scenario.name}: ${told}\n`);
    return false;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
