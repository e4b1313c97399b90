import type { TargetConnector } from "../../connector/connector.ts";
import { TargetDestination } from "../../connector/target-destination.ts";
import { openDestination } from "../../destination/open.ts";
import { sourceNames } from "../../sources/registry.ts";
import { configureAlone, type Invocation } from "../invocation/invocation.ts";
import { receive } from "./target.ts";

/** Writes what a Singer tap sends to standard input into a target from outside. */
export async function receiveCommand(invocation: Invocation<TargetConnector>): Promise<number> {
  const { source: connector } = invocation;
  const { configuration, context } = await configureAlone(invocation);
  return await receive(invocation, {
    open: async (url, options) =>
      new TargetDestination(await openDestination(url, options), {
        connector,
        config: configuration.config,
        context,
      }),
    sections: [...sourceNames, connector.name],
  });
}
