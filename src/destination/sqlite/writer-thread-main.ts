import { parentPort, workerData } from "node:worker_threads";
import { connectForWriting } from "./connection.ts";
import { LocalEngine } from "./engine.ts";
import { errorCode } from "./errors.ts";
import type { EngineCall, EngineReply } from "./writer-thread.ts";

// The thread that `writer-thread.ts` starts. It opens the file, replies whether that succeeded, and
// then replies to calls.
let engine: LocalEngine | undefined;
reply(() => {
  engine = new LocalEngine(connectForWriting(String(workerData)));
});
parentPort?.on("message", ({ operation, args }: EngineCall) => {
  reply(() => perform({ operation, args }));
});

/**
 * Why a call of this transaction failed. Calls that were already queued behind it must not run
 * outside the transaction; they fail for the same reason.
 */
let failure: { readonly reason: unknown } | undefined;
const endsTransaction: ReadonlySet<string> = new Set<EngineCall["operation"]>([
  "rollBack",
  "rollBackTo",
  "close",
]);

function perform({ operation, args }: EngineCall): unknown {
  if (endsTransaction.has(operation)) failure = undefined;
  if (failure) throw failure.reason;
  try {
    return (engine as unknown as Operations)[operation](...args);
  } catch (reason) {
    failure = { reason };
    throw reason;
  }
}

type Operations = Readonly<
  Record<EngineCall["operation"], (...args: readonly unknown[]) => unknown>
>;

function reply(work: () => unknown): void {
  parentPort?.postMessage(replyTo(work));
}

function replyTo(work: () => unknown): EngineReply {
  try {
    return { result: work() };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const { message, stack = "" } = error;
    const code = errorCode(error);
    return { error: { message, stack, ...(code === undefined ? {} : { code }) } };
  }
}
