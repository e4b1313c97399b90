import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";
import type { Engine } from "./engine.ts";

/** A call of an engine's operation, as sent to the writer's thread. */
export interface EngineCall {
  readonly operation: Exclude<keyof Engine, "isPipelined">;
  readonly args: readonly unknown[];
}

/** The reply to a call. Errors are sent as their parts, because posting an error loses its code. */
export type EngineReply =
  | { readonly result: unknown }
  | {
      readonly error: { readonly message: string; readonly code?: string; readonly stack?: string };
    };

/** Small, because rows are stored at once and are garbage then. */
const youngMegabytes = 8;

interface PendingCall {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Opens or creates the file for writing in a separate thread, so that this thread can read the next
 * rows meanwhile. Throws the driver's errors, as do all operations of the engine.
 */
export async function openWriterThread(path: string): Promise<Engine> {
  // The compiled `writer-thread-main.ts`, because Node 20 does not run TypeScript.
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
    (...args: Parameters<Engine[K]>) =>
      calls.send({ operation, args }) as Promise<Awaited<ReturnType<Engine[K]>>>;
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

/** Calls to a thread, which replies in the order of the calls. */
class CallQueue {
  readonly #worker: Worker;
  readonly #pending: PendingCall[] = [];
  #failure: Error | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.on("message", (reply: EngineReply) => {
      this.#settle(reply);
    });
    worker.on("error", (error) => {
      this.#fail(error);
    });
    worker.on("exit", () => {
      this.#fail(new Error("the thread that writes to SQLite has exited"));
    });
  }

  send(call: EngineCall): Promise<unknown> {
    const reply = this.nextReply();
    if (!this.#failure) this.#worker.postMessage(call);
    return reply;
  }

  /** The reply to the call that is sent next. The first reply says whether the file was opened. */
  nextReply(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#failure) reject(this.#failure);
      else this.#pending.push({ resolve, reject });
    });
  }

  #settle(reply: EngineReply): void {
    const pending = this.#pending.shift();
    if ("result" in reply) pending?.resolve(reply.result);
    else pending?.reject(Object.assign(new Error(reply.error.message), reply.error));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#pending.splice(0)) reject(this.#failure);
  }
}
