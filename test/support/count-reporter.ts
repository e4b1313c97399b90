import { appendFileSync, readFileSync } from "node:fs";
import type { Reporter, TestModule } from "vitest/node";

/**
 * Ends a run with one plain line that counts the tests, for programs that read it. Runs that share
 * the file `TEST_COUNTS` are counted together.
 */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) counts[test.result().state] += 1;
    }
    const run = [counts.passed, counts.failed + counts.pending, counts.skipped];
    const [passed, failed, skipped] = sumOf([...earlierRuns(), run]);
    process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
    if (shared !== undefined) appendFileSync(shared, `${run.join(" ")}\n`);
  }
}

const shared = process.env["TEST_COUNTS"];

function earlierRuns(): number[][] {
  if (shared === undefined) return [];
  const lines = readFileSync(shared, "utf8").split("\n").filter(Boolean);
  return lines.map((line) => line.split(" ").map(Number));
}

function sumOf(runs: readonly number[][]): number[] {
  return [0, 1, 2].map((column) => runs.reduce((sum, run) => sum + (run[column] ?? 0), 0));
}
