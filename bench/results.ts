import { mkdir, writeFile } from "node:fs/promises";
import { arch, cpus, platform, totalmem } from "node:os";
import { join } from "node:path";
import { Chalk } from "chalk";
import { formatTable } from "../src/cli/terminal/table.ts";
import type { Figure } from "./scenario.ts";

/** Prints a table, followed by an explanation of each figure that misses an aim. */
export function printResults(figures: readonly Figure[]): void {
  const rows = figures.map(({ scenario, measured, floor, ratio, aims }) => [
    scenario,
    measured,
    floor,
    ratio?.toFixed(2) ?? "",
    aims.map(({ aim, met }) => `${aim}: ${met ? "met" : "missed"}`).join("; "),
  ]);
  const columns = ["scenario", "#measured", "#floor", "#ratio", "aims"];
  const view = { color: new Chalk({ level: 0 }), width: 250 };
  process.stdout.write(`${formatTable({ columns, rows }, view)}\n`);
  const missed = figures.filter(({ aims }) => aims.some(({ met }) => !met));
  if (missed.length === 0) return;
  process.stdout.write("\nWhy aims are missed (more in docs/internals/performance.md):\n");
  for (const { scenario, explanation } of missed) {
    process.stdout.write(`${scenario}: ${explanation}\n`);
  }
}

interface SaveOptions {
  readonly short: boolean;
  /** Whether all selected scenarios completed. */
  readonly complete: boolean;
  readonly folder: string;
}

/** Saves the figures and a description of the machine in a new file. Returns its path. */
export async function saveResults(
  figures: readonly Figure[],
  { short, complete, folder }: SaveOptions,
): Promise<string> {
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
  const result = { at, node: process.version, machine, short, complete, figures };
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`);
  return file;
}
