import { ConfigError } from "../../../core/errors.ts";
import type { SourceContext } from "../../../core/source.ts";
import { newClient, type Client } from "../../../http/client.ts";
import type { WandbConfig } from "./config.ts";
import { readNetrcPassword } from "./netrc.ts";

/** How the key is sent. */
export type AuthScheme = "Basic" | "Bearer";

/**
 * A client that logs in as GraphQL wants it (`Basic`, user `api`), or the REST API of the original connector (`Bearer`).
 *
 * @see https://docs.wandb.ai/models/ref/python/public-api
 */
export function newWandbClient(
  config: WandbConfig,
  { log, transfer, signal }: SourceContext,
  scheme: AuthScheme,
): Client {
  const key = requireApiKey(config);
  const credentials = scheme === "Basic" ? Buffer.from(`api:${key}`).toString("base64") : key;
  return newClient({
    baseUrl: config.base_url,
    headers: { authorization: `${scheme} ${credentials}` },
    secrets: [key],
    requestTimeoutMs: config.request_timeout_seconds * 1000,
    retryAttempts: config.retry_attempts,
    concurrency: config.concurrency,
    remedies: {
      401: "check wandb.api_key",
      403: `check that the key may read "${config.entity}"`,
      404: "check wandb.base_url, wandb.entity and the project",
    },
    // Of one run, it says that the run has vanished.
    mustChange: ({ status }, where) => status === 404 && /\/(?:graphql|runs)$/.test(where),
    log,
    transfer,
    signal,
  });
}

function requireApiKey({ api_key, base_url }: WandbConfig): string {
  const key = api_key ?? readNetrcPassword(new URL(base_url).hostname);
  if (key !== undefined) return key;
  throw new ConfigError(
    "wandb.api_key: missing; set it or WANDB_API_KEY, or run `wandb login` (keys are at wandb.ai/authorize)",
  );
}
