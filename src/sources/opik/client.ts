import type { SourceContext } from "../../core/source.ts";
import { newClient, type Client } from "../../http/client.ts";
import type { HttpError } from "../../http/http-error.ts";
import { parseJson } from "../../http/json-body.ts";
import type { Remedies } from "../../http/request-error.ts";
import { bareKey } from "./api-key.ts";
import { cloudUrl, type OpikConfig } from "./config.ts";
import { opikBudgets } from "./rate-limits.ts";

/** Path of the API below the base URL. */
export const apiPath = "v1/private";

/**
 * Creates an HTTP client that logs in the way Opik expects: the bare key, without a scheme.
 *
 * @see https://www.comet.com/docs/opik/reference/rest-api/overview
 */
export function opikClient(config: OpikConfig, context: SourceContext): Client {
  const { log, transfer, signal, publicOnly = false } = context;
  const { COMET_OPIK_WORKSPACE: workspace } = config;
  const key = bareKey(config, context);
  return newClient({
    baseUrl: config.base_url,
    headers: key === undefined ? {} : { authorization: key },
    publicHeaders: workspace === undefined ? {} : { "Comet-Workspace": workspace },
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
    mustChange,
    log,
    transfer,
    signal,
    publicOnly,
  });
}

/** The hosted service answers 400 for a workspace that does not exist, a self-hosted one 404. */
function mustChange({ status, message }: HttpError, where: string): boolean {
  if (status === 400) return /workspace\b.*\bdoes(?: not|n't) exist/i.test(message);
  if (status !== 404) return false;
  return /workspace/i.test(message) || /\/(?:projects|datasets)$/.test(where);
}

function remedies({ base_url, COMET_OPIK_WORKSPACE: workspace }: OpikConfig): Remedies {
  const workspaceRemedy =
    workspace === undefined
      ? "set opik.COMET_OPIK_WORKSPACE"
      : `check opik.COMET_OPIK_WORKSPACE ("${workspace}")`;
  const selfHosted =
    base_url === cloudUrl
      ? ""
      : "; a self-hosted server has only the workspace `default`, and behind its web server base_url ends in /api";
  const apiPathHint = base_url.endsWith("/api") ? "" : ", and usually ends in /api";
  return {
    400: workspaceRemedy,
    401: "check opik.COMET_OPIK_API_KEY",
    403: `${workspaceRemedy}, and check that the key may read it`,
    404: `${workspaceRemedy}, and check opik.base_url${selfHosted}`,
    html: `check opik.base_url: it must lead to the API, not to its web pages${apiPathHint}`,
  };
}
