import { type HttpResponse, messageResponse, outputResponse, ResponseError } from "./response.ts";
import { routeApps } from "./apps.ts";
import { requireGlobalAdmin } from "./auth.ts";
import type { RequestContext } from "./request-context.ts";
import { listConsents } from "./consents.ts";
import { viewCollection } from "./db-viewer.ts";
import { exportCollection } from "./export-db.ts";
import { routeMembers } from "./members.ts";
import { routeOriginal } from "./original-gateway.ts";
import { routeTasks } from "./task-endpoints.ts";
import type { Feature } from "./faults.ts";
import { readUserDetails } from "./user-details.ts";

/** What the server answers to a request. Throws a Refusal. */
export function routeRequest(call: RequestContext): HttpResponse {
  if (call.edition === "original") return routeOriginal(call);
  const [, , area = "", name = ""] = call.path.split("/");
  switch (area) {
    case "":
      return call.path === "/o" ? routeMethod(call) : messageResponse(400, "Invalid path");
    case "apps":
      return routeApps(call, name);
    case "users":
      return routeMembers(call, name);
    case "tasks":
      return routeTasks(call, name);
    default:
      return routeFeature(call);
  }
}

/** `/o?method=…`: the app and the method are looked at before the key is. */
function routeMethod(call: RequestContext): HttpResponse {
  const { app_id, method } = call.params;
  if (!app_id) throw new ResponseError(400, 'Missing parameter "app_id"');
  if (method !== "user_details" || !hasFeature(call, "users"))
    throw new ResponseError(400, "Invalid method");
  return readUserDetails(call);
}

/** What a server may have or not: a path that nothing answers to is invalid. */
function routeFeature(call: RequestContext): HttpResponse {
  const part = featureRoutes[call.path];
  return part && hasFeature(call, part.name)
    ? part.answer(call)
    : messageResponse(400, "Invalid path");
}

const featureRoutes: Readonly<
  Record<
    string,
    { readonly name: Feature; readonly answer: (call: RequestContext) => HttpResponse }
  >
> = {
  "/o/export/db": { name: "export", answer: exportCollection },
  "/o/app_users/consents": { name: "compliance-hub", answer: listConsents },
  "/o/db": { name: "dbviewer", answer: viewCollection },
  "/o/groups": { name: "groups", answer: listGroups },
};

function hasFeature({ edition, faults }: RequestContext, part: Feature): boolean {
  if (faults.missingFeatures?.includes(part)) return false;
  return edition === "enterprise" || (part !== "groups" && part !== "users");
}

/** Groups of members, which decide what these may see; nothing to do with the users of an app. */
function listGroups(call: RequestContext): HttpResponse {
  requireGlobalAdmin(call);
  const { workspace, faults } = call;
  const groups = faults.failingDatabase ? [] : workspace.groups;
  return outputResponse({ result: groups.map(({ document }) => document) });
}
