import { setImmediate } from "node:timers/promises";
import { isOperational, messageOf } from "../core/errors.ts";
import { isClosedPipe, outputError } from "../core/output-error.ts";
import { limitHeapGrowth } from "./heap.ts";
import { exitStatus, exitStatusOfError, Interrupted } from "./invocation/exit-status.ts";
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
  await flushOutput();
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

/** Aborted by the first SIGINT or SIGTERM; a second one ends the process immediately. */
function interruptionSignal({ log }: Terminal): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
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
} as const;

function logError(error: unknown, terminal: Terminal): void {
  if (error instanceof Interrupted) terminal.log.warning(error.message);
  else if (isOperational(error)) terminal.log.severe(error.message);
  else terminal.log.severe(`this is a bug in rivulet: ${bugText(error)}`);
}

function bugText(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
}

/** Waits until all output is handed to the system, and until its errors have been emitted. */
async function flushOutput(): Promise<void> {
  await Promise.all([process.stdout, process.stderr].map(flushStream));
  await setImmediate();
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
