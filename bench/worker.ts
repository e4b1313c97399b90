import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { z } from "zod";
import { type MeasuredRun, runScript, startNode } from "./program.ts";

/** Runs a script of `workers/` with these options; its result is the last line that it prints. */
export async function runWorker<T>(
  name: string,
  options: object,
  shape: z.ZodType<T>,
): Promise<MeasuredRun & { readonly result: T }> {
  const nodeArgs = ["--max-old-space-size=8192"];
  const measured = await runScript(workerPath(name), [JSON.stringify(options)], { nodeArgs });
  const last = measured.stdout.trimEnd().split("\n").at(-1) ?? "";
  return { ...measured, result: shape.parse(JSON.parse(last)) };
}

/** The options that this worker was started with. */
export function readWorkerOptions<T>(shape: z.ZodType<T>): T {
  return shape.parse(JSON.parse(process.argv[2] ?? "{}"));
}

/** A server in its own process. */
export interface Server extends AsyncDisposable {
  /** Without a trailing slash. */
  readonly url: string;
}

/**
 * Starts a script of `workers/` that prints its URL when it listens. Disposing ends the process.
 */
export async function startServer(name: string, options: object): Promise<Server> {
  const args = ["--max-old-space-size=8192", workerPath(name), JSON.stringify(options)];
  const child = startNode(args, {
    stdio: ["ignore", "pipe", "inherit"],
  }) as ChildProcessByStdio<null, Readable, null>;
  const ended = new Promise((done) => child.on("exit", done));
  const lines = createInterface({ input: child.stdout });
  const url = await Promise.race([
    once(lines, "line").then(([line]) => String(line)),
    ended.then(() => Promise.reject(new Error(`${name} did not start`))),
  ]);
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill();
      await ended;
    },
  };
}

/** The number of requests that a server has received. */
export async function countRequests({ url }: Server): Promise<number> {
  return Number(await (await fetch(`${url}/requests`)).text());
}

function workerPath(name: string): string {
  return join(import.meta.dirname, "workers", `${name}.js`);
}
