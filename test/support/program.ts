import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { withoutNodeWarnings } from "./node-warnings.ts";

const bin = resolve(import.meta.dirname, "../../bin");

/** A program that has ended, with its output. */
export interface EndedProgram {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that was started. */
export interface RunningProgram {
  readonly child: ChildProcess;
  readonly ended: Promise<EndedProgram>;
}

/** Where a program runs. */
interface ProgramOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A command that runs the program: `pidNamespace`. */
  readonly under?: readonly string[];
}

/** Starts one of the programs in `bin`, without environment variables that could configure it. */
export function start(
  name: string,
  args: readonly string[],
  options: ProgramOptions = {},
): RunningProgram {
  const { PATH = "", SystemRoot = "" } = process.env;
  const program = [process.execPath, join(bin, `${name}.js`), ...args];
  const [file = "", ...rest] = [...(options.under ?? []), ...program];
  const child = spawn(file, rest, {
    cwd: options.cwd,
    env: { PATH, SystemRoot, HOME: tmpdir(), ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const closed = new Promise<Pick<EndedProgram, "status" | "signal">>((done) => {
    child.on("close", (status, signal) => {
      done({ status, signal });
    });
  });
  const ended = Promise.all([closed, text(child.stdout), text(child.stderr)]).then(
    ([end, stdout, stderr]) => withoutNodeWarnings({ ...end, stdout, stderr }),
  );
  return { child, ended };
}

/** Runs one of the programs in `bin` to its end. */
export async function run(
  name: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<EndedProgram> {
  return await start(name, args, options).ended;
}

/** Makes a temporary folder with files. Contents that are not text are written as JSON. */
export async function newFolder(
  files: Readonly<Record<string, unknown>> = {},
): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "rivulet-test-"));
  for (const [name, content] of Object.entries(files)) {
    await writeFile(
      join(path, name),
      typeof content === "string" ? content : JSON.stringify(content),
      // As rivulet writes its own; others would be warned about.
      { mode: 0o600 },
    );
  }
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** The log lines of a program that did not run on a terminal. */
export function logLines({ stderr }: EndedProgram): readonly Readonly<Record<string, unknown>>[] {
  return stderr
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
