import { once } from "node:events";
import { setImmediate, setTimeout } from "node:timers/promises";
import { isClosedPipe, outputError } from "../core/output-error.ts";
import { limitHeapGrowth } from "./heap.ts";
import { logError } from "./invocation/log-error.ts";
import {
  exitStatus,
  exitStatusOfError,
  Interrupted,
  interruptions,
  type Interruption,
} from "./invocation/exit-status.ts";
import type { CommandContext } from "./invocation/invocation.ts";
import { openTerminal, type Terminal, type TerminalOptions } from "./terminal/terminal.ts";

/** Runs a command, logs the error it throws, and ends the process with its exit status. */
export async function runCommand(
  command: (context: CommandContext) => Promise<number>,
  options: TerminalOptions,
): Promise<void> {
  limitHeapGrowth();
  const terminal = openTerminal(options);
  const firstOutputError = watchOutputErrors();
  const signal = interruptionSignal(terminal);
  let status: number;
  try {
    status = await command({ terminal, signal });
  } catch (error) {
    logError(error, terminal);
    status = exitStatusOfError(error);
  }
  if (!(await flushOutput(signal))) status = exitStatusOfError(signal.reason);
  const error = firstOutputError();
  if (error && !isFailure(status)) {
    logError(outputError(error), terminal);
    status = exitStatus.failed;
  }
  process.exit(status);
}

/**
 * Records the first error of standard output. A closed pipe (`| head`) is none: the reader has what
 * it wanted, and the sync continues.
 */
function watchOutputErrors(): () => Error | undefined {
  let first: Error | undefined;
  process.stdout.on("error", (error: Error) => {
    if (!isClosedPipe(error)) first ??= error;
  });
  process.stderr.on("error", () => undefined);
  return () => first;
}

/** Aborted by the first signal that asks to stop; a second one ends the process immediately. */
function interruptionSignal({ log }: Terminal): AbortSignal {
  const controller = new AbortController();
  for (const name of interruptions) {
    process.on(name, () => {
      const reason = new Interrupted(name);
      if (controller.signal.aborted) process.exit(exitStatusOfError(reason));
      log.warning(stopping[name]);
      controller.abort(reason);
    });
  }
  return controller.signal;
}

const stopping = {
  SIGINT: "Stopping, saving progress… (Ctrl-C again to quit now)",
  SIGTERM: "Stopping, saving progress… (SIGTERM again to quit now)",
  SIGHUP: "The terminal was closed: stopping, saving progress…",
} as const satisfies Record<Interruption, string>;

/** How long output is waited for once the program was asked to stop, in milliseconds. */
const graceMs = 1000;

/**
 * Waits until all output is handed to the system, and until its errors have been emitted. False if
 * its reader does not read on and the program was asked to stop.
 */
async function flushOutput(signal: AbortSignal): Promise<boolean> {
  const flushed = Promise.all([process.stdout, process.stderr].map(flushStream));
  const isFlushed = await Promise.race([
    flushed.then(() => true),
    abortedFor(signal).then(() => false),
  ]);
  await setImmediate();
  return isFlushed;
}

async function abortedFor(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, "abort");
  await setTimeout(graceMs);
}

function flushStream(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableEnded) resolve();
    else
      stream.write("", () => {
        resolve();
      });
  });
}

function isFailure(status: number): boolean {
  return status !== exitStatus.completed && status !== exitStatus.partial;
}
