import { parentPort, workerData } from "node:worker_threads";
import { collectGarbage } from "../../core/collect-garbage.ts";
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
  // Later, when nothing refers to the arguments.
  if (operation === "upsert" && sizeOf(args[1]) > largeLength) setImmediate(collectGarbage);
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

/** The length of texts from which rows are collected at once, instead of beside the next ones. */
const largeLength = 8 * 2 ** 20;

function sizeOf(values: unknown): number {
  if (!Array.isArray(values)) return 0;
  return values.reduce<number>(
    (sum, value) => sum + (typeof value === "string" ? value.length : 0),
    0,
  );
}

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
