import { messageOf } from "../../core/errors.ts";
import { visibleText } from "../../core/visible-text.ts";
import { exitStatus, exitStatusOfError } from "../invocation/exit-status.ts";
import { configure, type ConfiguredSource, type Invocation } from "../invocation/invocation.ts";
import { openConfiguredDestination } from "./open-configured-destination.ts";

/**
 * `check`: tests configuration, login and destination, and prints a line with a remedy for each.
 */
export async function checkCommand(invocation: Invocation): Promise<number> {
  const { source } = invocation;
  const statuses: number[] = [];
  const run = async <T>(name: string, check: () => Promise<T>): Promise<T | undefined> => {
    const { result, status } = await runCheck(name, check, invocation);
    statuses.push(status);
    return result;
  };
  const configured = await run("configuration", () => configure(invocation));
  if (configured) {
    await run("login", () => source.check(configured.config, configured.context));
    await run("destination", () => checkDestination(configured));
  }
  return Math.max(...statuses);
}

async function checkDestination(configured: ConfiguredSource): Promise<void> {
  await using destination = await openConfiguredDestination(configured);
  await destination.check();
}

interface CheckResult<T> {
  readonly result?: T;
  readonly status: number;
}

/** Runs one check and prints a line with its outcome. Rethrows only an interruption. */
export async function runCheck<T>(
  name: string,
  check: () => Promise<T>,
  { terminal, signal }: Pick<Invocation, "terminal" | "signal">,
): Promise<CheckResult<T>> {
  const { color } = terminal;
  try {
    const result = await check();
    terminal.printStyled(`${color.green("ok")}      ${name}`);
    return { result, status: exitStatus.completed };
  } catch (error) {
    signal.throwIfAborted();
    terminal.printStyled(`${color.red("failed")}  ${name}: ${visibleText(messageOf(error))}`);
    return { status: exitStatusOfError(error) };
  }
}
