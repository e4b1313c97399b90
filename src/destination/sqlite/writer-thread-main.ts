import { parentPort, workerData } from "node:worker_threads";
import { connectToWrite } from "./connection.ts";
import { LocalEngine } from "./engine.ts";
import { codeOf } from "./errors.ts";
import type { Call, Reply } from "./writer-thread.ts";

// The thread that `thread.ts` starts: it opens the file, says whether it could, and answers calls.
let engine: LocalEngine | undefined;
reply(() => {
  engine = new LocalEngine(connectToWrite(String(workerData)));
});
parentPort?.on("message", ({ operation, given }: Call) => {
  reply(() => performed({ operation, given }));
});

/** Why a call has failed since the transaction began: those that were sent along with it must not be done outside of one, and fail for the same reason. */
let failure: { readonly reason: unknown } | undefined;
const ending: ReadonlySet<string> = new Set<Call["operation"]>(["rollBack", "rollBackTo", "close"]);

function performed({ operation, given }: Call): unknown {
  if (ending.has(operation)) failure = undefined;
  if (failure) throw failure.reason;
  try {
    return (engine as unknown as Operations)[operation](...given);
  } catch (reason) {
    failure = { reason };
    throw reason;
  }
}

type Operations = Readonly<Record<Call["operation"], (...given: readonly unknown[]) => unknown>>;

function reply(work: () => unknown): void {
  parentPort?.postMessage(answer(work));
}

function answer(work: () => unknown): Reply {
  try {
    return { result: work() };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const { message, stack = "" } = error;
    const code = codeOf(error);
    return { error: { message, stack, ...(code === undefined ? {} : { code }) } };
  }
}
