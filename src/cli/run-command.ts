import { setImmediate } from "node:timers/promises";
import { isOperational, messageOf } from "../core/errors.ts";
import type { CommandContext } from "./invocation/invocation.ts";
import type { Level } from "../core/log.ts";
import { isClosedPipe, outputError } from "../core/output-error.ts";
import { exitStatus, exitStatusOfError, Interrupted } from "./invocation/exit-status.ts";
import { limitHeapGrowth } from "./heap.ts";
import { openTerminal, type LogFormat, type Terminal } from "./terminal/terminal.ts";

/** How the program shows itself. */
export interface View {
  readonly format: LogFormat;
  readonly level: Level;
}

/** Runs one command, turns what it throws into a message, and ends the process with the status that it stands for. */
export async function runCommand(
  command: (shell: CommandContext) => Promise<number>,
  view: View,
): Promise<void> {
  limitHeapGrowth();
  const terminal = openTerminal(view);
  const lost = watchOutputErrors();
  const signal = interruptionSignal(terminal);
  let status: number;
  try {
    status = await command({ terminal, signal });
  } catch (error) {
    logError(error, terminal);
    status = exitStatusOfError(error);
  }
  await flushOutput();
  const loss = lost();
  if (loss && !isFailure(status)) {
    logError(outputError(loss), terminal);
    status = exitStatus.failed;
  }
  process.exit(status);
}

/** Takes note of what goes wrong with standard output. Who closes our output early (`| head`) has what they wanted, and ends no sync. */
function watchOutputErrors(): () => Error | undefined {
  let loss: Error | undefined;
  process.stdout.on("error", (error: Error) => {
    if (!isClosedPipe(error)) loss ??= error;
  });
  process.stderr.on("error", () => undefined);
  return () => loss;
}

/** Aborted by the first SIGINT or SIGTERM; the second ends the process at once. */
function interruptionSignal({ log }: Terminal): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      const reason = new Interrupted(name);
      if (controller.signal.aborted) process.exit(exitStatusOfError(reason));
      log.warning(`${name}: saving what was read; once more ends at once`);
      controller.abort(reason);
    });
  }
  return controller.signal;
}

function logError(error: unknown, terminal: Terminal): void {
  if (error instanceof Interrupted) terminal.log.warning(error.message);
  else if (isOperational(error)) terminal.log.severe(error.message);
  else terminal.log.severe(`this is a bug in rivulet: ${bugText(error)}`);
}

function bugText(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
}

/** Resolves once everything that was written has been handed to the system, and what failed of it has been told. */
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
