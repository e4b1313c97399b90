import type { SourceContext } from "../../core/source.ts";
import { newClient, type Client } from "../../http/client.ts";
import { cloudUrl, type OpikConfig } from "./config.ts";

/** Where the endpoints that we read are, below the base URL. */
export const apiPath = "v1/private";

/**
 * A client that logs in as Opik wants it: the bare key, without a scheme.
 *
 * @see https://www.comet.com/docs/opik/reference/rest-api/overview
 */
export function opikClient(config: OpikConfig, { log, transfer, signal }: SourceContext): Client {
  const { COMET_OPIK_API_KEY: key, COMET_OPIK_WORKSPACE: workspace } = config;
  return newClient({
    baseUrl: config.base_url,
    headers: {
      ...(key === undefined ? {} : { authorization: key }),
      ...(workspace === undefined ? {} : { "Comet-Workspace": workspace }),
    },
    requestTimeoutMs: config.request_timeout_seconds * 1000,
    // A query may take the database behind the service all of that until its first byte.
    silenceTimeoutMs: config.request_timeout_seconds * 1000,
    retryAttempts: config.retry_attempts,
    concurrency: config.concurrency,
    remedies: remedies(config),
    mustChange: ({ status, message }, where) =>
      status === 404 && (/workspace/i.test(message) || /\/(?:projects|datasets)$/.test(where)),
    log,
    transfer,
    signal,
  });
}

function remedies({
  base_url,
  COMET_OPIK_WORKSPACE: workspace,
}: OpikConfig): Readonly<Record<number, string>> {
  const named =
    workspace === undefined
      ? "set opik.COMET_OPIK_WORKSPACE"
      : `check opik.COMET_OPIK_WORKSPACE ("${workspace}")`;
  const selfHosted =
    base_url === cloudUrl
      ? ""
      : "; a self-hosted server knows only `default`, and wants base_url to end in /api behind its web server";
  return {
    401: "check opik.COMET_OPIK_API_KEY",
    403: `${named}, and check that the key may read it`,
    404: `${named}, and opik.base_url${selfHosted}`,
  };
}
