import { checkAccess, getPermissions, getWorkspaceName } from "./access-endpoints.ts";
import { getDataset, listDatasets, listVersions } from "./dataset-endpoints.ts";
import { retrieveDataset, retrieveVersion } from "./dataset-endpoints.ts";
import { getItem, listItems } from "./item-endpoints.ts";
import { listResponse } from "./list-response.ts";
import { getProject, listProjects, retrieveProject } from "./project-endpoints.ts";
import type { RequestContext } from "./request-context.ts";
import { dropwizardError } from "./response.ts";
import type { HttpResponse } from "./response.ts";
import { streamItems } from "./stream.ts";

/** Answers a request below `/v1/private`. Throws a ResponseError. */
export function routeRequest(method: string, context: RequestContext): HttpResponse {
  const { faults, path } = context;
  const fixed = faults.endpointStatus?.[path] ?? gatewayStatus(context);
  if (fixed !== undefined) throw dropwizardError(fixed, messages[fixed] ?? `HTTP ${fixed}`);
  const candidates = endpoints.filter((endpoint) => endpoint.path.test(path));
  if (candidates.length === 0) throw dropwizardError(404, "HTTP 404 Not Found");
  const endpoint = candidates.find((candidate) => candidate.method === method);
  if (!endpoint) throw dropwizardError(405, "HTTP 405 Method Not Allowed");
  return endpoint.respond(context, endpoint.path.exec(path)?.[1] ?? "");
}

interface Endpoint {
  readonly method: "GET" | "POST";
  readonly path: RegExp;
  readonly respond: (context: RequestContext, id: string) => HttpResponse;
}

const endpoints: readonly Endpoint[] = [
  { method: "POST", path: /^\/auth$/, respond: checkAccess },
  { method: "GET", path: /^\/auth\/workspace$/, respond: getWorkspaceName },
  { method: "GET", path: /^\/workspace-permissions$/, respond: getPermissions },
  { method: "GET", path: /^\/feedback-definitions$/, respond: emptyList },
  { method: "GET", path: /^\/prompts$/, respond: emptyList },
  { method: "GET", path: /^\/projects$/, respond: listProjects },
  { method: "POST", path: /^\/projects\/retrieve$/, respond: retrieveProject },
  { method: "GET", path: /^\/projects\/([\w-]{36})$/, respond: getProject },
  { method: "GET", path: /^\/datasets$/, respond: listDatasets },
  { method: "POST", path: /^\/datasets\/retrieve$/, respond: retrieveDataset },
  { method: "POST", path: /^\/datasets\/items\/stream$/, respond: streamItems },
  { method: "GET", path: /^\/datasets\/items\/([\w-]{36})$/, respond: getItem },
  { method: "GET", path: /^\/datasets\/([\w-]{36})$/, respond: getDataset },
  { method: "GET", path: /^\/datasets\/([\w-]{36})\/items$/, respond: listItems },
  { method: "GET", path: /^\/datasets\/([\w-]{36})\/versions$/, respond: listVersions },
  {
    method: "POST",
    path: /^\/datasets\/([\w-]{36})\/versions\/retrieve$/,
    respond: retrieveVersion,
  },
];

/** The status of a gateway that knows only what the original connector asked for. */
function gatewayStatus({ faults, path }: RequestContext): number | undefined {
  const isKnown = /^\/(?:projects|datasets|datasets\/[\w-]{36}\/items)$/.test(path);
  return isKnown ? undefined : faults.originalGateway;
}

const messages: Readonly<Record<number, string>> = {
  403: "User is not allowed to access workspace",
  404: "HTTP 404 Not Found",
  405: "HTTP 405 Method Not Allowed",
  500: "There was an error processing your request.",
  501: "HTTP 501 Not Implemented",
};

/** A list of things that the workspace has none of. */
function emptyList(context: RequestContext): HttpResponse {
  return listResponse<never>(context, [], { text: () => "" });
}
