import type { ChildProcessByStdio } from "node:child_process";
import { open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { startNode } from "./node-process.ts";
import { root } from "./root.ts";

/** What a process used from its start to its end. */
export interface Usage {
  /** Wall time. */
  readonly seconds: number;
  /** User and system time. */
  readonly cpuSeconds: number;
  readonly userSeconds: number;
  readonly systemSeconds: number;
  /** The most memory that was resident at once. */
  readonly peakMegabytes: number;
}

export interface MeasuredRun extends Usage {
  readonly stdout: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Arguments of node itself. */
  readonly nodeArgs?: readonly string[];
  /** The file that is its standard input. Absent: nothing is. */
  readonly stdin?: string;
}

const preload = pathToFileURL(join(import.meta.dirname, "usage-preload.js")).href;

/** Runs one of the programs in `bin` to its end, as a process of its own. Throws where it fails. */
export function runProgram(
  name: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<MeasuredRun> {
  return runScript(join(root, "bin", `${name}.js`), args, options);
}

let runs = 0;

/** Runs a script in a node process of its own, with nothing of our environment that it could configure itself by. */
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

async function runToEnd(
  script: string,
  args: readonly string[],
  { cwd, env, nodeArgs = [], stdin, usageFile }: RunOptions & { readonly usageFile: string },
): Promise<Pick<MeasuredRun, "seconds" | "stdout">> {
  const { PATH = "", SystemRoot = "" } = process.env;
  const input = stdin === undefined ? undefined : await open(stdin);
  const begun = performance.now();
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
  const seconds = (performance.now() - begun) / 1000;
  await input?.close();
  if (status !== 0) throw new Error(`${script} ended with ${status}\n${stderr}\n${stdout}`);
  return { seconds, stdout };
}

/** Microseconds and kilobytes, as `process.resourceUsage()` has them. */
const usageShape = z
  .object({ userCPUTime: z.number(), systemCPUTime: z.number(), maxRSS: z.number() })
  .transform(({ userCPUTime, systemCPUTime, maxRSS }) => ({
    cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
    userSeconds: userCPUTime / 1e6,
    systemSeconds: systemCPUTime / 1e6,
    peakMegabytes: maxRSS / 1024,
  }));
