import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { canImport, lastLine, newVenv, pipInstall } from "../python.ts";

/** The interpreter that has a target of others, or why it cannot be had. */
export type GenuineTarget = { readonly python: string } | { readonly missing: string };

declare module "vitest" {
  export interface ProvidedContext {
    readonly genuineTargets: Readonly<Record<keyof typeof packages, GenuineTarget>>;
  }
}

/** Targets that many people use, each with a module of its own name: they exclude each other. */
const packages = {
  "pipelinewise-target-postgres": "target_postgres",
  "meltanolabs-target-postgres": "target_postgres",
  "target-sqlite": "target_sqlite",
} as const;

/**
 * Installs the targets for the whole run, into a folder that is removed afterwards. With
 * `SINGER_TARGETS_VENVS` the virtual environments are made there, kept, and used again.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const kept = process.env["SINGER_TARGETS_VENVS"];
  const folder = kept ?? (await mkdtemp(join(tmpdir(), "rivulet-singer-targets-")));
  const targets: [string, GenuineTarget][] = [];
  for (const [name, module] of Object.entries(packages)) {
    const target = await install(join(folder, name), name, module);
    if ("missing" in target) console.warn(`Tests with ${name} are skipped: ${target.missing}`);
    targets.push([name, target]);
  }
  project.provide("genuineTargets", Object.fromEntries(targets) as never);
  return async () => {
    if (kept === undefined) await rm(folder, { recursive: true, force: true });
  };
}

async function install(folder: string, name: string, module: string): Promise<GenuineTarget> {
  try {
    const python = await newVenv(folder);
    if (!(await canImport(python, module))) await pipInstall(python, name);
    return { python };
  } catch (error) {
    return { missing: lastLine(error) };
  }
}
