import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";
import type { Engine } from "./engine.ts";

/** A call of an engine's operation, as it is sent to its thread. */
export interface Call {
  readonly operation: Exclude<keyof Engine, "isPipelined">;
  readonly given: readonly unknown[];
}

/** What a thread answers to a call. An error is sent in parts, because its code would not survive as a whole. */
export type Reply =
  | { readonly result: unknown }
  | {
      readonly error: { readonly message: string; readonly code?: string; readonly stack?: string };
    };

/** What comes is stored at once and is garbage then, so that little room for new objects is enough. */
const youngMegabytes = 8;

interface Waiting {
  readonly settle: (result: unknown) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Opens the file, or makes it, to be written to in a thread of its own, so that the next rows are read while these are stored. Throws the
 * driver's errors, as all operations of the engine do.
 */
export async function openInThread(path: string): Promise<Engine> {
  // What `thread-main.ts` was built to: Node 20 runs no TypeScript.
  const threadMain = createRequire(import.meta.url).resolve("#sqlite-thread");
  const worker = new Worker(threadMain, {
    workerData: path,
    resourceLimits: { maxYoungGenerationSizeMb: youngMegabytes },
  });
  const calls = new Calls(worker);
  try {
    await calls.answered();
  } catch (error) {
    await worker.terminate();
    throw error;
  }
  const call =
    <K extends Call["operation"]>(operation: K) =>
    (...given: Parameters<Engine[K]>) =>
      calls.make({ operation, given }) as Promise<Awaited<ReturnType<Engine[K]>>>;
  return {
    isPipelined: true,
    exec: call("exec"),
    query: call("query"),
    tables: call("tables"),
    find: call("find"),
    widen: call("widen"),
    upsert: call("upsert"),
    stageKeys: call("stageKeys"),
    rollBack: call("rollBack"),
    rollBackTo: call("rollBackTo"),
    async close() {
      await call("close")();
      await worker.terminate();
    },
  };
}

/** Calls to a thread, which answers them in their order. */
class Calls {
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];
  #ended: Error | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.on("message", (reply: Reply) => {
      this.#settle(reply);
    });
    worker.on("error", (error) => {
      this.#end(error);
    });
    worker.on("exit", () => {
      this.#end(new Error("the thread that writes to SQLite has ended"));
    });
  }

  make(call: Call): Promise<unknown> {
    const answer = this.answered();
    if (!this.#ended) this.#worker.postMessage(call);
    return answer;
  }

  /** The answer to the last call; before the first, whether the file is open. */
  answered(): Promise<unknown> {
    return new Promise((settle, fail) => {
      if (this.#ended) fail(this.#ended);
      else this.#waiting.push({ settle, fail });
    });
  }

  #settle(reply: Reply): void {
    const waiting = this.#waiting.shift();
    if ("result" in reply) waiting?.settle(reply.result);
    else waiting?.fail(Object.assign(new Error(reply.error.message), reply.error));
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { fail } of this.#waiting.splice(0)) fail(this.#ended);
  }
}
