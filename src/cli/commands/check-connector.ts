import type { Configurable } from "../../connector/connector.ts";
import { configureConnector, type Invocation } from "../invocation/invocation.ts";
import { runCheck } from "./check.ts";

/** `check` of an external target or integration: tests configuration and login. */
export async function checkConnectorCommand(invocation: Invocation<Configurable>): Promise<number> {
  const { source } = invocation;
  const { result, status } = await runCheck(
    "configuration",
    () => configureConnector(invocation),
    invocation,
  );
  if (!result) return status;
  const { configuration, context } = result;
  const login = await runCheck(
    "login",
    () => source.check(configuration.config, context),
    invocation,
  );
  return login.status;
}
