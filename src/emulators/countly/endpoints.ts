import { routeApps } from "./apps.ts";
import { requireGlobalAdmin } from "./auth.ts";
import { listConsents } from "./consents.ts";
import { viewCollection } from "./db-viewer.ts";
import { exportCollection } from "./export-db.ts";
import type { Feature } from "./faults.ts";
import { routeMembers } from "./members.ts";
import { routeOriginal } from "./original-gateway.ts";
import type { RequestContext } from "./request-context.ts";
import { type HttpResponse, messageResponse, outputResponse, ResponseError } from "./response.ts";
import { routeTasks } from "./task-endpoints.ts";
import { readUserDetails } from "./user-details.ts";

/** Answers a request. Throws a ResponseError. */
export function routeRequest(context: RequestContext): HttpResponse {
  if (context.edition === "original") return routeOriginal(context);
  const [, , area = "", name = ""] = context.path.split("/");
  switch (area) {
    case "":
      return context.path === "/o" ? routeMethod(context) : messageResponse(400, "Invalid path");
    case "apps":
      return routeApps(context, name);
    case "users":
      return routeMembers(context, name);
    case "tasks":
      return routeTasks(context, name);
    default:
      return routeFeature(context);
  }
}

/** `/o?method=…`, which checks the app and the method before the key. */
function routeMethod(context: RequestContext): HttpResponse {
  const { app_id, method } = context.params;
  if (!app_id) throw new ResponseError(400, 'Missing parameter "app_id"');
  if (method !== "user_details" || !hasFeature(context, "users"))
    throw new ResponseError(400, "Invalid method");
  return readUserDetails(context);
}

/** Answers the paths of optional features; any other path is invalid. */
function routeFeature(context: RequestContext): HttpResponse {
  const route = featureRoutes[context.path];
  return route && hasFeature(context, route.name)
    ? route.respond(context)
    : messageResponse(400, "Invalid path");
}

const featureRoutes: Readonly<
  Record<
    string,
    { readonly name: Feature; readonly respond: (context: RequestContext) => HttpResponse }
  >
> = {
  "/o/export/db": { name: "export", respond: exportCollection },
  "/o/app_users/consents": { name: "compliance-hub", respond: listConsents },
  "/o/db": { name: "dbviewer", respond: viewCollection },
  "/o/groups": { name: "groups", respond: listGroups },
};

function hasFeature({ edition, faults }: RequestContext, feature: Feature): boolean {
  if (faults.missingFeatures?.includes(feature)) return false;
  return edition === "enterprise" || (feature !== "groups" && feature !== "users");
}

/** Groups of dashboard members; they have nothing to do with the users of an app. */
function listGroups(context: RequestContext): HttpResponse {
  requireGlobalAdmin(context);
  const { workspace, faults } = context;
  const groups = faults.failingDatabase ? [] : workspace.groups;
  return outputResponse({ result: groups.map(({ document }) => document) });
}
