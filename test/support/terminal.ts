import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { withoutNodeWarnings } from "./node-warnings.ts";
import type { EndedProgram } from "./program.ts";

const bin = resolve(import.meta.dirname, "../../bin");

/** Text to wait for, and what to type then. */
export type TerminalStep = readonly [seen: RegExp, typed: string];

/** Whether a terminal is available: `script` of util-linux makes one. */
export const hasTerminal = process.platform === "linux";

/** The Enter key. */
export const enter = "\r";
/** Ctrl-C. */
export const controlC = "\u0003";

/** Where a program runs, and what is typed. */
interface TerminalOptions {
  readonly cwd: string;
  readonly steps: readonly TerminalStep[];
  /** The home directory. */
  readonly home?: string;
}

/**
 * Runs one of the programs in `bin` on a terminal, and types. All its output is in `stdout`,
 * without colors.
 */
export async function runOnTerminal(
  name: string,
  args: readonly string[],
  { cwd, steps, home = tmpdir() }: TerminalOptions,
): Promise<EndedProgram> {
  const command = [process.execPath, join(bin, `${name}.js`), ...args]
    .map((word) => `'${word}'`)
    .join(" ");
  const child = spawn("script", ["-qec", command, "/dev/null"], {
    cwd,
    env: { PATH: process.env["PATH"] ?? "", HOME: home, TERM: "xterm", NO_COLOR: "1" },
    stdio: ["pipe", "pipe", "ignore"],
  });
  const rest = [...steps];
  let stdout = "";
  let unseen = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    // eslint-disable-next-line no-control-regex -- escape sequences for cursor and color
    const text = chunk.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, "");
    stdout += text;
    unseen += text;
    const [step] = rest;
    if (!step?.[0].test(unseen)) return;
    rest.shift();
    unseen = "";
    child.stdin.write(step[1]);
  });
  const ended = await new Promise<EndedProgram>((done) => {
    child.on("close", (status, signal) => {
      done({ status, signal, stdout, stderr: "" });
    });
  });
  return withoutNodeWarnings(ended);
}
