import type { SourceContext } from "../../core/source.ts";
import { newClient, type Client } from "../../http/client.ts";
import { parseJson } from "../../http/json-body.ts";
import { cloudUrl, type OpikConfig } from "./config.ts";
import { opikBudgets } from "./rate-limits.ts";

/** Path of the API below the base URL. */
export const apiPath = "v1/private";

/**
 * Creates an HTTP client that logs in the way Opik expects: the bare key, without a scheme.
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
    // Opik sends the first byte only when its database has finished the query.
    silenceTimeoutMs: config.request_timeout_seconds * 1000,
    retryAttempts: config.retry_attempts,
    concurrency: config.concurrency,
    probe: {
      method: "GET",
      path: `${apiPath}/projects`,
      query: { page: 1, size: 1 },
      accept: ({ text }) => parseJson(text),
    },
    budgets: opikBudgets,
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
  const workspaceRemedy =
    workspace === undefined
      ? "set opik.COMET_OPIK_WORKSPACE"
      : `check opik.COMET_OPIK_WORKSPACE ("${workspace}")`;
  const selfHosted =
    base_url === cloudUrl
      ? ""
      : "; a self-hosted server has only the workspace `default`, and behind its web server base_url ends in /api";
  return {
    401: "check opik.COMET_OPIK_API_KEY",
    403: `${workspaceRemedy}, and check that the key may read it`,
    404: `${workspaceRemedy}, and check opik.base_url${selfHosted}`,
  };
}
