import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { arch, cpus, platform, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Chalk } from "chalk";
import { tableText } from "../src/terminal/table.ts";
import { startPostgres, type PostgresServer } from "./postgres.ts";
import { root } from "./root.ts";
import type { Figure, Scenario } from "./scenario.ts";
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

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    short: { type: "boolean", default: false },
    results: { type: "string", default: join(root, "bench", "results") },
  },
});
process.exitCode = await bench(wanted(positionals), values.short);

/** Runs scenarios one after the other, prints the table and keeps it as JSON. Status 1 where one could not be run. */
async function bench(chosen: readonly Scenario[], short: boolean): Promise<number> {
  const figures: Figure[] = [];
  let failed = false;
  let server: Promise<PostgresServer> | undefined;
  const postgres = async (): Promise<string> => (await (server ??= startPostgres())).url;
  for (const scenario of chosen) {
    const folder = await mkdtemp(join(tmpdir(), "rivulet-bench-"));
    try {
      for await (const figure of scenario.run({ short, folder, postgres })) {
        process.stderr.write(`${figure.scenario}: ${figure.measured}\n`);
        figures.push(figure);
      }
    } catch (error) {
      failed = true;
      process.stderr.write(
        `${scenario.name}: ${error instanceof Error ? (error.stack ?? "") : String(error)}\n`,
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  await (await server)?.[Symbol.asyncDispose]();
  print(figures);
  await keep(figures, short, values.results);
  return failed ? 1 : 0;
}

function wanted(names: readonly string[]): readonly Scenario[] {
  const unknown = names.filter((name) => !scenarios.some((scenario) => scenario.name === name));
  if (unknown.length > 0) {
    const known = scenarios.map(({ name }) => name).join(", ");
    throw new Error(`unknown scenario: ${unknown.join(", ")}; there are ${known}`);
  }
  return names.length === 0 ? scenarios : scenarios.filter(({ name }) => names.includes(name));
}

function print(figures: readonly Figure[]): void {
  const rows = figures.map(({ scenario, measured, floor, ratio, aim, met, timeGoes = "" }) => [
    scenario,
    measured,
    floor,
    ratio?.toFixed(2) ?? "",
    aim,
    met ? "yes" : `no: ${timeGoes}; more in docs/performance.md`,
  ]);
  const columns = ["scenario", "#measured", "#floor", "#ratio", "aim", "met"];
  const view = { color: new Chalk({ level: 0 }), width: 250 };
  process.stdout.write(`${tableText({ columns, rows }, view)}\n`);
}

/** Writes the figures, and what they were measured on, into a file of their own. */
async function keep(figures: readonly Figure[], short: boolean, folder: string): Promise<void> {
  const machine = {
    platform: platform(),
    arch: arch(),
    cpu: cpus()[0]?.model ?? "",
    cores: cpus().length,
    memoryGigabytes: Math.round(totalmem() / 2 ** 30),
  };
  const at = new Date().toISOString();
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${at.replaceAll(/[:.]/g, "-")}${short ? "-short" : ""}.json`);
  const result = { at, node: process.version, machine, short, figures };
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`);
  process.stdout.write(`\n${file}\n`);
}
