import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { withoutNodeWarnings } from "../support/node-warnings.ts";
import type { EndedProgram, RunningProgram } from "../support/program.ts";

const bin = resolve(import.meta.dirname, "../../bin");
const shiftedClock = new URL("shifted-clock.js", import.meta.url).href;

/** The conditions under which a program runs. */
export interface LaunchOptions {
  readonly cwd: string;
  /** A command that runs the program: `pidNamespace`. */
  readonly under?: readonly string[];
  /** Maximum file size, in blocks of 512 or, in some shells, 1024 bytes. */
  readonly maxBlocks?: number;
  /** Folder for SQLite's temporary files. */
  readonly tempFolder?: string;
  /** Runs as this user. */
  readonly uid?: number;
  /** The output that is closed before the program writes to it. */
  readonly closed?: "stdout" | "stderr";
  /** How far its clock is ahead of this computer's. */
  readonly clockAheadMs?: number | undefined;
}

/** Starts one of the programs in `bin` under unusual conditions. */
export function launch(
  program: string,
  args: readonly string[],
  { cwd, under = [], maxBlocks, tempFolder, uid, closed, clockAheadMs }: LaunchOptions,
): RunningProgram {
  const preloaded = clockAheadMs === undefined ? [] : ["--import", shiftedClock];
  const command = [process.execPath, ...preloaded, join(bin, `${program}.js`), ...args];
  const limited = ["sh", "-c", `ulimit -f ${maxBlocks ?? 0}; exec "$@"`, "sh", ...command];
  const [file = "", ...rest] = [...under, ...(maxBlocks === undefined ? command : limited)];
  const { PATH = "", SystemRoot = "" } = process.env;
  const child = spawn(file, rest, {
    cwd,
    env: {
      PATH,
      SystemRoot,
      HOME: tmpdir(),
      CHAOS_AHEAD_MS: String(clockAheadMs ?? 0),
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
    ended: Promise.all([ended, read("stdout"), read("stderr")]).then(([end, stdout, stderr]) =>
      withoutNodeWarnings({ ...end, stdout, stderr }),
    ),
  };
}
