import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import type { EndedProgram, RunningProgram } from "../support/program.ts";

const bin = resolve(import.meta.dirname, "../../bin");
const clock = new URL("shifted-clock.js", import.meta.url).href;

export interface LaunchOptions {
  readonly cwd: string;
  /** The largest file that the program may write, in blocks of half a KiB, or of one in some shells. */
  readonly maxBlocks?: number;
  /** Where SQLite has its temporary files. */
  readonly tempFolder?: string;
  /** Runs as this user. */
  readonly uid?: number;
  /** What nobody reads: closed before the program writes to it. */
  readonly closed?: "stdout" | "stderr";
  /** By how many milliseconds its clock is ahead of this computer's. */
  readonly aheadMs?: number | undefined;
}

/** Starts one of the programs in `bin` under circumstances that are not as they should be. */
export function launch(
  program: string,
  args: readonly string[],
  { cwd, maxBlocks, tempFolder, uid, closed, aheadMs }: LaunchOptions,
): RunningProgram {
  const preloaded = aheadMs === undefined ? [] : ["--import", clock];
  const command = [process.execPath, ...preloaded, join(bin, `${program}.js`), ...args];
  const limited = ["sh", "-c", `ulimit -f ${maxBlocks ?? 0}; exec "$@"`, "sh", ...command];
  const [file = "", ...rest] = maxBlocks === undefined ? command : limited;
  const { PATH = "", SystemRoot = "" } = process.env;
  const child = spawn(file, rest, {
    cwd,
    env: {
      PATH,
      SystemRoot,
      HOME: tmpdir(),
      CHAOS_AHEAD_MS: String(aheadMs ?? 0),
      ...(tempFolder === undefined ? {} : { SQLITE_TMPDIR: tempFolder }),
    },
    stdio: ["ignore", "pipe", "pipe"],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  if (closed) child[closed].destroy();
  const ended = new Promise<Pick<EndedProgram, "status" | "signal">>((done) => {
    child.on("close", (status, signal) => {
      done({ status, signal });
    });
  });
  const read = async (name: "stdout" | "stderr"): Promise<string> =>
    name === closed ? "" : await text(child[name]);
  return {
    child,
    ended: Promise.all([ended, read("stdout"), read("stderr")]).then(
      ([{ status, signal }, stdout, stderr]) => ({ status, signal, stdout, stderr }),
    ),
  };
}
