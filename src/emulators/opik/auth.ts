import type { IncomingHttpHeaders } from "node:http";
import { dropwizardError } from "./response.ts";

/** The key and the workspace that a hosted service knows. */
export interface OpikLogin {
  readonly apiKey: string;
  readonly workspace: string;
}

/** Lets a request pass or throws a Refusal. Without a login the service is a self-hosted one, which has no keys and one workspace. */
export function authorize(
  headers: IncomingHttpHeaders,
  query: URLSearchParams,
  login?: OpikLogin,
): void {
  const named = headers["comet-workspace"] ?? query.get("workspace_name") ?? "";
  if (!login) {
    if (named === "" || named === "default") return;
    throw dropwizardError(404, "Workspace not found");
  }
  if (named === "") throw dropwizardError(403, "Workspace name should be provided");
  if (!headers.authorization) throw dropwizardError(401, "API key should be provided");
  // The key stands alone: with "Bearer" before it, it is another key.
  if (headers.authorization !== login.apiKey) throw dropwizardError(401, "Invalid API key");
  if (named !== login.workspace)
    throw dropwizardError(403, "User is not allowed to access workspace");
}
