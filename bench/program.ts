import { spawn } from "node:child_process";
import type { ChildProcess, ChildProcessByStdio, SpawnOptions } from "node:child_process";
import { open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { abortSignal } from "./abort-signal.ts";
import { packageFolder as root } from "../src/cli/invocation/package-folder.ts";

/** The resources that a process used. */
export interface Usage {
  /** Wall time. */
  readonly seconds: number;
  /** User and system time. */
  readonly cpuSeconds: number;
  readonly userSeconds: number;
  readonly systemSeconds: number;
  /** The maximum resident set size. */
  readonly peakMegabytes: number;
}

/** A process that ended with status 0: its output and usage. */
export interface MeasuredRun extends Usage {
  readonly stdout: string;
}

/** How a process is run. */
export interface RunOptions {
  readonly cwd?: string;
  /** Added to a minimal environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Arguments of Node.js itself. */
  readonly nodeArgs?: readonly string[];
  /** The file to read as standard input (default: none). */
  readonly stdin?: string;
}

const preload = pathToFileURL(join(import.meta.dirname, "usage-preload.js")).href;

/** Runs one of the programs in `bin` in its own process. Throws if it fails. */
export function runProgram(
  name: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<MeasuredRun> {
  return runScript(join(root, "bin", `${name}.js`), args, options);
}

let runs = 0;

/**
 * Runs a script in its own Node.js process, without our environment, which might configure it.
 * Throws if it fails.
 */
export async function runScript(
  script: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<MeasuredRun> {
  const usageFile = join(tmpdir(), `rivulet-bench-usage-${process.pid}-${(runs += 1)}.json`);
  try {
    const { seconds, stdout } = await runToEnd(script, args, { ...options, usageFile });
    const used = usageShape.parse(JSON.parse(await readFile(usageFile, "utf8")));
    return { seconds, stdout, ...used };
  } finally {
    await rm(usageFile, { force: true });
  }
}

/** Measures a Node.js process that does nothing, which is the baseline of every program. */
export async function bareNode(folder: string): Promise<MeasuredRun> {
  const emptyScript = join(folder, "empty.mjs");
  await writeFile(emptyScript, "");
  return await runScript(emptyScript, []);
}

/** Starts a Node.js process that a signal to the benchmarks ends. Throws after such a signal. */
export function startNode(args: readonly string[], options: SpawnOptions): ChildProcess {
  abortSignal.throwIfAborted();
  const child = spawn(process.execPath, args, { ...options, signal: abortSignal });
  // Aborting emits an error too; callers wait for `close` or `exit` instead.
  child.on("error", () => undefined);
  return child;
}

async function runToEnd(
  script: string,
  args: readonly string[],
  { cwd, env, nodeArgs = [], stdin, usageFile }: RunOptions & { readonly usageFile: string },
): Promise<Pick<MeasuredRun, "seconds" | "stdout">> {
  const { PATH = "", SystemRoot = "" } = process.env;
  const input = stdin === undefined ? undefined : await open(stdin);
  const start = performance.now();
  const child = startNode([...nodeArgs, "--import", preload, script, ...args], {
    cwd,
    env: { PATH, SystemRoot, HOME: tmpdir(), BENCH_USAGE_FILE: usageFile, ...env },
    stdio: [input?.fd ?? "ignore", "pipe", "pipe"],
  }) as ChildProcessByStdio<null, Readable, Readable>;
  const closed = new Promise<number | null>((done) => child.on("close", done));
  const [status, stdout, stderr] = await Promise.all([
    closed,
    text(child.stdout),
    text(child.stderr),
  ]);
  const seconds = (performance.now() - start) / 1000;
  await input?.close();
  if (status !== 0) throw new Error(`${script} ended with ${status}\n${stderr}\n${stdout}`);
  return { seconds, stdout };
}

/** The output of `process.resourceUsage()`: microseconds and kilobytes. */
const usageShape = z
  .object({ userCPUTime: z.number(), systemCPUTime: z.number(), maxRSS: z.number() })
  .transform(({ userCPUTime, systemCPUTime, maxRSS }) => ({
    cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
    userSeconds: userCPUTime / 1e6,
    systemSeconds: systemCPUTime / 1e6,
    peakMegabytes: maxRSS / 1024,
  }));
