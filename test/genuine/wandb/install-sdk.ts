import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { canImport, lastLine, newVenv, pipInstall } from "../python.ts";
import type { WandbSdk } from "./wandb-sdk.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** The official Python SDK of W&B, or why it cannot be had. */
    readonly wandbSdk: WandbSdk;
  }
}

/**
 * Installs the newest SDK for the whole run, into a folder that is removed afterwards. With
 * `WANDB_SDK_VENV` the virtual environment is made there, kept, and used again.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const kept = process.env["WANDB_SDK_VENV"];
  const folder = kept ?? (await mkdtemp(join(tmpdir(), "rivulet-wandb-sdk-")));
  const sdk = await install(folder);
  if ("missing" in sdk) console.warn(`Tests with W&B's SDK are skipped: ${sdk.missing}`);
  project.provide("wandbSdk", sdk);
  return async () => {
    if (kept === undefined) await rm(folder, { recursive: true, force: true });
  };
}

/** The first version that reads histories as today's does. */
const requirement = "wandb>=0.31";

async function install(folder: string): Promise<WandbSdk> {
  try {
    const python = await newVenv(folder);
    if (!(await canImport(python, "wandb"))) await pipInstall(python, requirement);
    return { python };
  } catch (error) {
    return { missing: lastLine(error) };
  }
}
