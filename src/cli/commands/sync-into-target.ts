import type { TargetConnector } from "../../connector/connector.ts";
import { TargetDestination } from "../../connector/target-destination.ts";
import { openDestination } from "../../destination/open.ts";
import { sourceNames } from "../../sources/registry.ts";
import { configureConnector, type Invocation } from "../invocation/invocation.ts";
import { loadStandardInput } from "./target.ts";

/** `sync` of an external target: loads the output of a Singer tap into it. */
export async function syncIntoTargetCommand(
  invocation: Invocation<TargetConnector>,
): Promise<number> {
  const { source: connector } = invocation;
  const { configuration, context } = await configureConnector(invocation);
  return await loadStandardInput(invocation, {
    open: async (url, options) =>
      new TargetDestination(await openDestination(url, options), {
        connector,
        config: configuration.config,
        context,
      }),
    sections: [...sourceNames, connector.name],
  });
}
