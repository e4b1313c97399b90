import type { SourceContext } from "../../../core/source.ts";
import { newClient, type Client } from "../../../http/client.ts";
import { graphqlProbe } from "../../../http/graphql.ts";
import type { Request } from "../../../http/request.ts";
import type { WandbConfig } from "./config.ts";
import { requireApiKey } from "./login.ts";

/** How the API key is sent: `Basic` to GraphQL, `Bearer` to REST. */
type AuthScheme = "Basic" | "Bearer";

/** The REST API has nothing that every gateway offers, but one that works at least says so. */
const restProbe: Request<unknown> = { method: "GET", path: "", accept: () => undefined };

/**
 * A client that is logged in: with `Basic` (user `api`) for GraphQL, with `Bearer` for the REST API
 * of the original connector. Throws a ConfigError if there is no API key.
 *
 * @see https://docs.wandb.ai/models/ref/python/public-api
 */
export function newWandbClient(
  config: WandbConfig,
  { log, transfer, signal, env, publicOnly = false }: SourceContext,
  scheme: AuthScheme,
): Client {
  const key = requireApiKey(config, env);
  const credentials = scheme === "Basic" ? Buffer.from(`api:${key}`).toString("base64") : key;
  return newClient({
    baseUrl: config.base_url,
    headers: { authorization: `${scheme} ${credentials}` },
    secrets: [key],
    requestTimeoutMs: config.request_timeout_seconds * 1000,
    retryAttempts: config.retry_attempts,
    concurrency: config.concurrency,
    probe: scheme === "Basic" ? graphqlProbe : restProbe,
    remedies: {
      401: "check wandb.api_key",
      403: `check that the key may read "${config.entity}"`,
      404: "check wandb.base_url, wandb.entity and the project",
    },
    // A 404 for a listing is a configuration error. For a single run, it means that the run was
    // deleted.
    mustChange: ({ status }, where) => status === 404 && /\/(?:graphql|runs)$/.test(where),
    log,
    transfer,
    signal,
    publicOnly,
  });
}
