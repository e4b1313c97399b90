import { constants } from "node:os";

/** The signals that end the benchmarks. */
export const stopSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

const controller = new AbortController();

/** Aborted by the first signal; the reason is the signal's name. */
export const abortSignal: AbortSignal = controller.signal;

/**
 * Aborts on a signal. Repeated signals have no effect, because npm forwards those of the terminal.
 */
export function abortOnSignals(): void {
  for (const signal of stopSignals) {
    process.on(signal, () => {
      controller.abort(signal);
    });
  }
}

/** The exit status after an abort. */
export function signalExitStatus(): number {
  const signal = stopSignals.find((name) => name === abortSignal.reason);
  return signal === undefined ? 1 : 128 + constants.signals[signal];
}
