import type { Configurable } from "../../connector/connector.ts";
import { proved } from "./check.ts";
import { configureAlone, type Invocation } from "../invocation/invocation.ts";

/** Proves configuration and login of a connector from outside, each with its own line and remedy. */
export async function checkConnectorCommand(invocation: Invocation<Configurable>): Promise<number> {
  const { source } = invocation;
  const configured = await proved("configuration", () => configureAlone(invocation), invocation);
  const { result } = configured;
  if (!result) return configured.status;
  const { configuration, context } = result;
  const login = await proved(
    "login",
    () => source.check(configuration.config, context),
    invocation,
  );
  return login.status;
}
