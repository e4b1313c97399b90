import type { IntegrationConnector } from "../../connector/connector.ts";
import { exitStatus } from "../invocation/exit-status.ts";
import { transferText } from "../terminal/summary.ts";
import { configureAlone, type Invocation } from "../invocation/invocation.ts";

/** Does the job of an integration once. */
export async function runIntegrationCommand(
  invocation: Invocation<IntegrationConnector>,
): Promise<number> {
  const { source, terminal, flags } = invocation;
  const { configuration, context } = await configureAlone(invocation);
  await source.run(configuration.config, context);
  if (flags.quiet !== true) terminal.print(`${source.name} completed: ${transferText(context)}`);
  return exitStatus.completed;
}
