import { constants } from "node:os";

/** What ends the benchmarks. */
export const stopSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

const controller = new AbortController();

/** Aborted by the first signal, which is its reason. */
export const abortSignal: AbortSignal = controller.signal;

/** From here on a signal aborts. One that comes again changes nothing: npm passes on what the terminal has sent already. */
export function abortOnSignals(): void {
  for (const signal of stopSignals) {
    process.on(signal, () => {
      controller.abort(signal);
    });
  }
}

/** The exit status of what a signal has ended. */
export function signalExitStatus(): number {
  const signal = stopSignals.find((name) => name === abortSignal.reason);
  return signal === undefined ? 1 : 128 + constants.signals[signal];
}
