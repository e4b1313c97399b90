import { messageOf } from "../../core/errors.ts";
import { exitStatus, exitStatusOfError } from "../invocation/exit-status.ts";
import { configure, type ConfiguredSource, type Invocation } from "../invocation/invocation.ts";
import { openConfiguredDestination } from "./open-configured-destination.ts";

/** Proves configuration, login and destination, each with its own line and remedy. */
export async function checkCommand(invocation: Invocation): Promise<number> {
  const { source } = invocation;
  const outcomes: number[] = [];
  const step = async <T>(name: string, prove: () => Promise<T>): Promise<T | undefined> => {
    const { result, status } = await runCheck(name, prove, invocation);
    outcomes.push(status);
    return result;
  };
  const configured = await step("configuration", () => configure(invocation));
  if (configured) {
    await step("login", () => source.check(configured.config, configured.context));
    await step("destination", () => checkDestination(configured));
  }
  return Math.max(...outcomes);
}

async function checkDestination(configured: ConfiguredSource): Promise<void> {
  await using destination = await openConfiguredDestination(configured);
  await destination.check();
}

interface CheckResult<T> {
  readonly result?: T;
  readonly status: number;
}

/** Says on a line of its own whether something is as it should be. */
export async function runCheck<T>(
  name: string,
  prove: () => Promise<T>,
  { terminal, signal }: Pick<Invocation, "terminal" | "signal">,
): Promise<CheckResult<T>> {
  const { color } = terminal;
  try {
    const result = await prove();
    terminal.print(`${color.green("ok")}      ${name}`);
    return { result, status: exitStatus.completed };
  } catch (error) {
    signal.throwIfAborted();
    terminal.print(`${color.red("failed")}  ${name}: ${messageOf(error)}`);
    return { status: exitStatusOfError(error) };
  }
}
