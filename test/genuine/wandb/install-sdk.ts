import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";
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
  const python = join(folder, ...pythonPath);
  if (await succeeds(python, ["-c", "import wandb"])) return { python };
  try {
    await runFile(systemPython, ["-m", "venv", folder], { timeout: 60_000 });
    // Without a network it must not try for long.
    const pip = ["-m", "pip", "install", "--quiet", "--retries", "1", "--timeout", "10"];
    await runFile(python, [...pip, requirement], { timeout: 180_000 });
    return { python };
  } catch (error) {
    return { missing: lastLine(String(error)) };
  }
}

const isWindows = process.platform === "win32";
const systemPython = isWindows ? "python" : "python3";
const pythonPath = isWindows ? ["Scripts", "python.exe"] : ["bin", "python"];

const runFile = promisify(execFile);

async function succeeds(file: string, args: readonly string[]): Promise<boolean> {
  return await runFile(file, [...args]).then(
    () => true,
    () => false,
  );
}

/** Of an error that contains what a program has printed. */
function lastLine(message: string): string {
  const lines = message.split("\n").filter((line) => line.trim() !== "");
  return lines.at(-1)?.trim() ?? message;
}
