import { access, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { canImport, lastLine, newVenv, pipInstall, runFile } from "../python.ts";
import type { OpikSdks } from "./opik-sdks.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** The official SDKs of Opik, or why they cannot be had. */
    readonly opikSdks: OpikSdks;
  }
}

/**
 * Installs the newest SDKs for the whole run, into folders that are removed afterwards. With
 * `OPIK_SDK_VENV` (Python) and `OPIK_SDK_MODULES` (npm) they are installed there, kept, and used
 * again.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [venv, modules] = await Promise.all([
    folderFor("OPIK_SDK_VENV"),
    folderFor("OPIK_SDK_MODULES"),
  ]);
  const [python, npm] = await Promise.all([
    tryToInstall("Python", () => installFromPyPi(venv.path)),
    tryToInstall("npm", () => installFromNpm(modules.path)),
  ]);
  project.provide("opikSdks", { python, npm });
  return async () => {
    await Promise.all([venv, modules].map((folder) => folder.remove()));
  };
}

interface SdkFolder {
  readonly path: string;
  /** Does nothing to a folder that is to be kept. */
  readonly remove: () => Promise<void>;
}

async function folderFor(variable: string): Promise<SdkFolder> {
  const kept = process.env[variable];
  if (kept !== undefined) return { path: kept, remove: () => Promise.resolve() };
  const path = await mkdtemp(join(tmpdir(), "rivulet-opik-sdk-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

async function tryToInstall(
  language: string,
  install: () => Promise<string>,
): Promise<OpikSdks[keyof OpikSdks]> {
  try {
    return { path: await install() };
  } catch (error) {
    // What npm prints ends with where its log is.
    const missing = /npm error code .*/.exec(String(error))?.[0] ?? lastLine(error);
    console.warn(`Tests with Opik's SDK for ${language} are skipped: ${missing}`);
    return { missing };
  }
}

/** The first versions that read datasets as today's do. */
const pythonRequirement = "opik>=2.2";
const npmRequirement = "opik@>=2";

/** Returns the interpreter. */
async function installFromPyPi(folder: string): Promise<string> {
  const python = await newVenv(folder);
  if (await canImport(python, "opik")) return python;
  await pipInstall(python, "--no-deps", pythonRequirement);
  const { stdout } = await runFile(python, ["-c", printNeededPackages]);
  await pipInstall(python, ...stdout.split("\n").filter((line) => line !== ""));
  // Should reading need a package that was left out, all of them are installed.
  if (!(await canImport(python, "opik.cli"))) await pipInstall(python, pythonRequirement);
  return python;
}

/** Most of what the SDK brings is for calling language models, which takes minutes to install. */
const printNeededPackages = `
from importlib.metadata import requires
for package in requires("opik"):
    if not package.startswith(("litellm", "openai", "boto3", "pytest")) and "extra ==" not in package:
        print(package)
`;

/** Returns the folder that has the SDK in its `node_modules`. */
async function installFromNpm(folder: string): Promise<string> {
  const isInstalled = await access(join(folder, "node_modules", "opik")).then(
    () => true,
    () => false,
  );
  if (isInstalled) return folder;
  const quiet = [
    "--no-audit",
    "--no-fund",
    "--no-package-lock",
    "--ignore-scripts",
    "--logs-max=0",
  ];
  const patience = ["--fetch-retries=1", "--fetch-timeout=10000"];
  await runFile("npm", ["install", "--prefix", folder, ...quiet, ...patience, npmRequirement], {
    cwd: folder,
    // On Windows npm is a script.
    shell: process.platform === "win32",
    timeout: 180_000,
  });
  return folder;
}
