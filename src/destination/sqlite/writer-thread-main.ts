import { parentPort, workerData } from "node:worker_threads";
import { connectForWriting } from "./connection.ts";
import { LocalEngine } from "./engine.ts";
import { errorCode } from "./errors.ts";
import type { EngineCall, EngineReply } from "./writer-thread.ts";

// The thread that `thread.ts` starts: it opens the file, says whether it could, and answers calls.
let engine: LocalEngine | undefined;
reply(() => {
  engine = new LocalEngine(connectForWriting(String(workerData)));
});
parentPort?.on("message", ({ operation, args }: EngineCall) => {
  reply(() => perform({ operation, args }));
});

/** Why a call has failed since the transaction began: those that were sent along with it must not be done outside of one, and fail for the same reason. */
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
  Record<EngineCall["operation"], (...given: readonly unknown[]) => unknown>
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
