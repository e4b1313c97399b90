import type { IntegrationConnector } from "../../connector/connector.ts";
import { exitStatus } from "../invocation/exit-status.ts";
import { configureConnector, type Invocation } from "../invocation/invocation.ts";
import { formatRequestStats } from "../terminal/summary.ts";

/** `sync` of an integration: runs it once. */
export async function runIntegrationCommand(
  invocation: Invocation<IntegrationConnector>,
): Promise<number> {
  const { source, terminal, flags } = invocation;
  const { configuration, context } = await configureConnector(invocation);
  await source.run(configuration.config, context);
  if (flags.quiet !== true)
    terminal.print(`${source.name} completed: ${formatRequestStats(context)}`);
  return exitStatus.completed;
}
