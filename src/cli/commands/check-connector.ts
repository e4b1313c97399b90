import type { Configurable } from "../../connector/connector.ts";
import { runCheck } from "./check.ts";
import { configureConnector, type Invocation } from "../invocation/invocation.ts";

/** Proves configuration and login of a connector from outside, each with its own line and remedy. */
export async function checkConnectorCommand(invocation: Invocation<Configurable>): Promise<number> {
  const { source } = invocation;
  const configured = await runCheck(
    "configuration",
    () => configureConnector(invocation),
    invocation,
  );
  const { result } = configured;
  if (!result) return configured.status;
  const { configuration, context } = result;
  const login = await runCheck(
    "login",
    () => source.check(configuration.config, context),
    invocation,
  );
  return login.status;
}
