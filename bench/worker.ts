import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { createInterface } from "node:readline";
import type { z } from "zod";
import { startNode } from "./node-process.ts";
import { runScript, type MeasuredRun } from "./program.ts";

/** Runs a script of `workers/` with these options to its end; what it printed last is its answer. */
export async function runWorker<T>(
  name: string,
  options: object,
  shape: z.ZodType<T>,
): Promise<MeasuredRun & { readonly answer: T }> {
  const nodeArgs = ["--max-old-space-size=8192"];
  const measured = await runScript(workerPath(name), [JSON.stringify(options)], { nodeArgs });
  const last = measured.stdout.trimEnd().split("\n").at(-1) ?? "";
  return { ...measured, answer: shape.parse(JSON.parse(last)) };
}

/** The options that a worker was started with. */
export function readWorkerOptions<T>(shape: z.ZodType<T>): T {
  return shape.parse(JSON.parse(process.argv[2] ?? "{}"));
}

/** A server in a process of its own. */
export interface Server extends AsyncDisposable {
  /** Without a slash at its end. */
  readonly url: string;
}

/** Starts a script of `workers/` that prints its URL once it listens; ends it when disposed of. */
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

/** How often a server was asked. */
export async function countRequests({ url }: Server): Promise<number> {
  return Number(await (await fetch(`${url}/requests`)).text());
}

function workerPath(name: string): string {
  return join(import.meta.dirname, "workers", `${name}.js`);
}
