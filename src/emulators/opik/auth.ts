import type { IncomingHttpHeaders } from "node:http";
import { dropwizardError } from "./response.ts";

/** The API key and workspace that a hosted server accepts. */
export interface OpikLogin {
  readonly apiKey: string;
  readonly workspace: string;
}

/**
 * Checks a request's key and workspace. Without a `login` the server is self-hosted: it has no keys
 * and a single workspace. Throws a ResponseError if the request is not allowed.
 */
export function authorize(
  headers: IncomingHttpHeaders,
  query: URLSearchParams,
  login?: OpikLogin,
): void {
  const workspace = headers["comet-workspace"] ?? query.get("workspace_name") ?? "";
  if (!login) {
    if (workspace === "" || workspace === "default") return;
    throw dropwizardError(404, "Workspace not found");
  }
  if (workspace === "") throw dropwizardError(403, "Workspace name should be provided");
  if (!headers.authorization) throw dropwizardError(401, "API key should be provided");
  // Opik takes the bare key: with a "Bearer " prefix it is a different one.
  if (headers.authorization !== login.apiKey) throw dropwizardError(401, "Invalid API key");
  if (workspace !== login.workspace)
    throw dropwizardError(403, "User is not allowed to access workspace");
}
