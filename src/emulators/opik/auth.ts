import type { IncomingHttpHeaders } from "node:http";
import type { OpikFaults } from "./faults.ts";
import { dropwizardError, type ResponseError } from "./response.ts";

/*
 * What a hosted server answers:
 *
 *   caller                                public endpoints            all others
 *   key and workspace                     200                         200
 *   no key, wrong or revoked key          200, public rows only       401
 *   key of somebody who may not read it   200, public rows only       401 or 403 (`accessLost`)
 *   no workspace                          403                         403
 *   workspace `default`, wrong key        401                         401
 *   unknown workspace, right key          400                         400
 *   unknown workspace, wrong key          400                         401
 *
 * A self-hosted server answers 200 to everybody, and 404 for any workspace but `default`.
 */

/** The API key and workspace that a hosted server accepts. */
export interface OpikLogin {
  readonly apiKey: string;
  readonly workspace: string;
}

/** What is checked of a request. */
export interface RequestToAuthorize {
  readonly method: string;
  /** Without `/api` and the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly query: URLSearchParams;
}

/** What a caller may see: everything, or with a bad key what is public. */
export type Visibility = "all" | "public";

/**
 * Checks a request's key and workspace. Without a `login` the server is self-hosted: it has no keys
 * and a single workspace. A hosted server shows public rows to whoever it does not know, if the
 * endpoint has public rows. Throws a ResponseError if the request is not allowed.
 */
export function authorize(
  request: RequestToAuthorize,
  login: OpikLogin | undefined,
  faults: OpikFaults,
): Visibility {
  if (!login) {
    requireDefaultWorkspace(request.headers);
    return "all";
  }
  const workspace = workspaceName(request);
  if (workspace === "") throw dropwizardError(403, "Workspace name should be provided");
  const refusal = refuse(request, login, faults);
  const exists = workspace === login.workspace || workspace === "default";
  if (!refusal) {
    if (!exists) throw unknownWorkspace(workspace);
    return "all";
  }
  if (faults.originalGateway || workspace === "default" || !isPublic(request)) throw refusal;
  if (!exists) throw unknownWorkspace(workspace);
  return "public";
}

function workspaceName({ headers, query }: RequestToAuthorize): string {
  const given = headers["comet-workspace"];
  return String(given ?? query.get("workspace_name") ?? "");
}

/** Why a key is refused; undefined if it is the right one. */
function refuse(
  { headers: { authorization } }: RequestToAuthorize,
  { apiKey }: OpikLogin,
  { keyRevoked = false, accessLost }: OpikFaults,
): ResponseError | undefined {
  if (!authorization) return dropwizardError(401, "API key should be provided");
  // Opik takes the bare key: with a "Bearer " prefix it is a different one.
  if (keyRevoked || authorization !== apiKey) return dropwizardError(401, "Invalid API key");
  if (accessLost) return dropwizardError(accessLost, "User is not allowed to access workspace");
  return undefined;
}

/** A self-hosted server looks only at the header. */
function requireDefaultWorkspace({ "comet-workspace": workspace = "" }: IncomingHttpHeaders): void {
  if (workspace === "" || workspace === "default") return;
  throw dropwizardError(404, "Workspace not found");
}

function unknownWorkspace(name: string): ResponseError {
  return dropwizardError(400, `Workspace ${name} does not exist`);
}

function isPublic({ method, path }: RequestToAuthorize): boolean {
  return publicEndpoints.some((endpoint) => endpoint.test(`${method} ${path}`));
}

/**
 * The endpoints that show public rows to everybody. Versions are not among them.
 *
 * @see https://github.com/comet-ml/opik `RemoteAuthService.java`
 */
const publicEndpoints: readonly RegExp[] = [
  /^GET \/v1\/private\/projects(?:\/[\da-f-]{36})?\/?$/i,
  /^GET \/v1\/private\/datasets(?:\/[\da-f-]{36}(?:\/items)?)?\/?$/i,
  /^GET \/v1\/private\/datasets\/items\/[\da-f-]{36}\/?$/i,
  /^POST \/v1\/private\/datasets\/(?:retrieve|items\/stream)\/?$/i,
];
