import { spawn, type ChildProcessByStdio } from "node:child_process";
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import type { Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { withoutNodeWarnings } from "../support/node-warnings.ts";
import type { EndedProgram } from "../support/program.ts";

const bin = resolve(import.meta.dirname, "../../bin");

/** A running program with a pipe to its standard input. */
export interface Piped {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly ended: Promise<EndedProgram>;
}

/** Starts one of the programs in `bin` with a pipe to its standard input. */
export function startPiped(name: string, args: readonly string[], cwd: string): Piped {
  const { PATH = "" } = process.env;
  const child = spawn(process.execPath, [`${bin}/${name}.js`, ...args], {
    cwd,
    env: { PATH, HOME: tmpdir() },
    stdio: ["pipe", "pipe", "pipe"],
  });
  // A killed program closes its standard input.
  child.stdin.on("error", () => undefined);
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

/** Runs a program to its end with this standard input. */
export async function runPiped(
  name: string,
  args: readonly string[],
  { cwd, input }: { readonly cwd: string; readonly input: string },
): Promise<EndedProgram> {
  const { child, ended } = startPiped(name, args, cwd);
  child.stdin.end(input);
  return await ended;
}
