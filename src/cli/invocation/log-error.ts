import { connectorAtFault } from "../../connector/connector-modules.ts";
import { isOperational, messageOf } from "../../core/errors.ts";
import { Interrupted } from "./exit-status.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** Logs the error that ended a command; a bug with its stack. */
export function logError(error: unknown, { log }: Pick<Terminal, "log">): void {
  if (error instanceof Interrupted) log.warning(error.message);
  else if (isOperational(error)) log.severe(error.message);
  else log.severe(`this is a bug in ${culpritOf(error)}: ${bugText(error)}`);
}

function culpritOf(error: unknown): string {
  const connector = connectorAtFault(error);
  return connector === undefined ? "rivulet" : `the connector ${connector}`;
}

function bugText(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : messageOf(error);
}
