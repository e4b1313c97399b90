import { userInfo } from "node:os";
import { ConfigError } from "../../core/errors.ts";
import { parseConnectionUrl } from "./libpq/connection-url.ts";
import { resolveParameters, type Parameters } from "./libpq/resolve-parameters.ts";
import { listServers, type Server } from "./libpq/servers.ts";

/** A parsed `postgres:` URL. */
export interface Address {
  /** The URL without its password. */
  readonly label: string;
  /** Parameters of libpq, completed from the service and the environment; may hold a password. */
  readonly parameters: Parameters;
  /** They are tried in this order. */
  readonly servers: readonly Server[];
  readonly schema: string;
}

/**
 * Parses a URL. Everything in it means the same as to libpq, except `schema`, which is ours: where
 * the tables are. Throws a ConfigError.
 */
export function parseAddress(text: string): Address {
  const { label, parameters: given } = parseConnectionUrl(text);
  const schema = given.get("schema") ?? "public";
  if (schema === "")
    throw new ConfigError("destination: ?schema= is empty; name one, or leave it out");
  const parameters = new Map(resolveParameters(given));
  parameters.delete("schema");
  const user = parameters.get("user") ?? systemUser();
  parameters.set("user", user);
  if (!parameters.has("dbname")) parameters.set("dbname", user);
  return { label, parameters, servers: listServers(parameters), schema };
}

function systemUser(): string {
  try {
    return userInfo().username;
  } catch (cause) {
    // The user of a container often has no name.
    throw new ConfigError("destination: expected a user, as in postgres://user@host/database", {
      cause,
    });
  }
}
