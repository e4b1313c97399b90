import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { abortOnSignals, abortSignal, signalExitStatus } from "./abort-signal.ts";
import { lazyPostgres } from "./lazy-postgres.ts";
import { printResults, saveResults } from "./results.ts";
import type { BenchContext, Figure, Scenario } from "./scenario.ts";
import { countly } from "./scenarios/countly.ts";
import { items } from "./scenarios/items.ts";
import { latency } from "./scenarios/latency.ts";
import { memory } from "./scenarios/memory.ts";
import { metrics } from "./scenarios/metrics.ts";
import { noOp } from "./scenarios/no-op.ts";
import { opikUnchanged } from "./scenarios/opik-unchanged.ts";
import { singer } from "./scenarios/singer.ts";
import { start } from "./scenarios/start.ts";
import { unchanged } from "./scenarios/unchanged.ts";
import { wandbFirehose } from "./scenarios/wandb-firehose.ts";
import { wandbProject } from "./scenarios/wandb-project.ts";
import { wandbUnchanged } from "./scenarios/wandb-unchanged.ts";

const scenarios: readonly Scenario[] = [
  items,
  metrics,
  unchanged,
  opikUnchanged,
  latency,
  noOp,
  memory,
  singer,
  countly,
  start,
  wandbProject,
  wandbUnchanged,
  wandbFirehose,
];

interface BenchOptions {
  /** The scenarios to run; an empty list means all. */
  readonly names: readonly string[];
  readonly short: boolean;
  /** The folder to save the figures in. */
  readonly results: string;
}

/**
 * Runs scenarios one after the other, then prints the figures and saves them as JSON. Also does so
 * after a signal, or if a scenario fails, with the figures so far. Returns the exit status.
 */
export async function bench({ names, short, results }: BenchOptions): Promise<number> {
  abortOnSignals();
  const figures: Figure[] = [];
  let status = 0;
  try {
    await using postgres = lazyPostgres();
    for (const scenario of selectScenarios(names)) {
      if (abortSignal.aborted) break;
      const completed = await runScenario(scenario, { short, postgres: postgres.url, figures });
      if (!completed) status = 1;
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

/** Runs a scenario and adds its figures as they come. Returns false if it fails. */
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
    const problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
    // After a signal, scenarios fail only because their processes were ended.
    const message = abortSignal.aborted ? `stopped by ${String(abortSignal.reason)}` : problem;
    process.stderr.write(`${scenario.name}: ${message}\n`);
    return false;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
