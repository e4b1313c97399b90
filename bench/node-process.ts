import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { abortSignal } from "./abort-signal.ts";

/** Starts node in a process that is ended where a signal ends the benchmarks. Throws after that. */
export function startNode(args: readonly string[], options: SpawnOptions): ChildProcess {
  abortSignal.throwIfAborted();
  const child = spawn(process.execPath, args, { ...options, signal: abortSignal });
  // That it is to end is an error as well; whoever waits for `close` or `exit` learns when it has.
  child.on("error", () => undefined);
  return child;
}
