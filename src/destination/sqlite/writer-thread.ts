import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";
import type { Engine } from "./engine.ts";

/** A call of an engine's operation, as it is sent to its thread. */
export interface EngineCall {
  readonly operation: Exclude<keyof Engine, "isPipelined">;
  readonly args: readonly unknown[];
}

/** What a thread answers to a call. An error is sent in parts, because its code would not survive as a whole. */
export type EngineReply =
  | { readonly result: unknown }
  | {
      readonly error: { readonly message: string; readonly code?: string; readonly stack?: string };
    };

/** What comes is stored at once and is garbage then, so that little room for new objects is enough. */
const youngMegabytes = 8;

interface PendingCall {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Opens the file, or makes it, to be written to in a thread of its own, so that the next rows are read while these are stored. Throws the
 * driver's errors, as all operations of the engine do.
 */
export async function openWriterThread(path: string): Promise<Engine> {
  // What `thread-main.ts` was built to: Node 20 runs no TypeScript.
  const threadMain = createRequire(import.meta.url).resolve("#sqlite-thread");
  const worker = new Worker(threadMain, {
    workerData: path,
    resourceLimits: { maxYoungGenerationSizeMb: youngMegabytes },
  });
  const calls = new CallQueue(worker);
  try {
    await calls.nextReply();
  } catch (error) {
    await worker.terminate();
    throw error;
  }
  const call =
    <K extends EngineCall["operation"]>(operation: K) =>
    (...given: Parameters<Engine[K]>) =>
      calls.send({ operation, args: given }) as Promise<Awaited<ReturnType<Engine[K]>>>;
  return {
    isPipelined: true,
    exec: call("exec"),
    query: call("query"),
    tableNames: call("tableNames"),
    findTable: call("findTable"),
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
class CallQueue {
  readonly #worker: Worker;
  readonly #waiting: PendingCall[] = [];
  #ended: Error | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.on("message", (reply: EngineReply) => {
      this.#settle(reply);
    });
    worker.on("error", (error) => {
      this.#end(error);
    });
    worker.on("exit", () => {
      this.#end(new Error("the thread that writes to SQLite has ended"));
    });
  }

  send(call: EngineCall): Promise<unknown> {
    const answer = this.nextReply();
    if (!this.#ended) this.#worker.postMessage(call);
    return answer;
  }

  /** The answer to the last call; before the first, whether the file is open. */
  nextReply(): Promise<unknown> {
    return new Promise((settle, fail) => {
      if (this.#ended) fail(this.#ended);
      else this.#waiting.push({ resolve: settle, reject: fail });
    });
  }

  #settle(reply: EngineReply): void {
    const waiting = this.#waiting.shift();
    if ("result" in reply) waiting?.resolve(reply.result);
    else waiting?.reject(Object.assign(new Error(reply.error.message), reply.error));
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#ended);
  }
}
