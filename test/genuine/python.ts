import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

/** Runs a program to its end, or throws what it has printed. */
export const runFile = promisify(execFile);

/** Makes a virtual environment in a folder, unless it is there, and returns its interpreter. */
export async function newVenv(folder: string): Promise<string> {
  const python = join(folder, ...pythonPath);
  if (await succeeds(python, ["--version"])) return python;
  await runFile(systemPython, ["-m", "venv", folder], { timeout: 60_000 });
  return python;
}

/** Whether a Python module can be imported. */
export async function canImport(python: string, module: string): Promise<boolean> {
  return await succeeds(python, ["-c", `import ${module}`]);
}

/** Installs packages from PyPI. Without a network it does not try for long. */
export async function pipInstall(python: string, ...packages: readonly string[]): Promise<void> {
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
  const patience = ["--retries", "1", "--timeout", "10"];
  await runFile(python, [...pip, ...patience, ...packages], { timeout: 180_000 });
}

/** The last line of an error that contains what a program has printed. */
export function lastLine(error: unknown): string {
  const lines = String(error)
    .split("\n")
    .filter((line) => line.trim() !== "");
  return lines.at(-1)?.trim() ?? "no reason was given";
}

const isWindows = process.platform === "win32";
const systemPython = isWindows ? "python" : "python3";
const pythonPath = isWindows ? ["Scripts", "python.exe"] : ["bin", "python"];

async function succeeds(file: string, args: readonly string[]): Promise<boolean> {
  return await runFile(file, [...args]).then(
    () => true,
    () => false,
  );
}
