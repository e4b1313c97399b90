import { messageResponse, outputResponse } from "./response.ts";
import type { HttpResponse } from "./response.ts";
import type { CountlyApp } from "./app.ts";
import { authenticate, authorizeApp, requireGlobalAdmin } from "./auth.ts";
import type { RequestContext } from "./request-context.ts";
import type { Document } from "./document.ts";
import { findUsers } from "./find-users.ts";
import { administers } from "./member.ts";
import type { CountlyMember } from "./member.ts";

/** `/o/apps/…`: what can be known about apps. */
export function routeApps(call: RequestContext, name: string): HttpResponse {
  switch (name) {
    case "all":
      return listAllApps(call, requireGlobalAdmin(call));
    case "mine":
      return listOwnApps(call, authenticate(call));
    case "details":
      return appDetails(call, authorizeApp(call, "admin"));
    default:
      return messageResponse(400, "Invalid path, must be one of /all, /mine, /details or /plugins");
  }
}

function listAllApps(call: RequestContext, member: CountlyMember): HttpResponse {
  const all = appsById(call, () => true);
  return member.globalAdmin ? outputResponse({ admin_of: all, user_of: all }) : outputResponse({});
}

function listOwnApps(call: RequestContext, member: CountlyMember): HttpResponse {
  if (member.globalAdmin) return listAllApps(call, member);
  return outputResponse({
    admin_of: appsById(call, ({ id }) => administers(member, id)),
    user_of: appsById(call, ({ id }) => member.rights[id] !== undefined),
  });
}

/** Apps by their ids. A database that fails gives none, and nobody is told. */
function appsById(
  { workspace, faults }: RequestContext,
  belongs: (app: CountlyApp) => boolean,
): Document {
  if (faults.failingDatabase) return {};
  const entries = workspace.apps.filter(belongs).map(({ id, fields }) => {
    const { category, country, key, name, timezone, salt } = fields;
    return [id, { _id: id, category, country, key, name, timezone, salt: salt ?? "" }] as const;
  });
  return Object.fromEntries(entries);
}

function appDetails({ workspace }: RequestContext, app: CountlyApp): HttpResponse {
  const { owner, created_at, edited_at, plugins, last_data } = app.fields;
  const [last] = findUsers(app.users, { sort: { lac: -1 }, limit: 1 });
  const named = (belongs: (member: CountlyMember) => boolean): Document[] =>
    workspace.members.filter(belongs).map(({ id, name }) => ({ _id: id, full_name: name }));
  return outputResponse({
    app: {
      owner: workspace.members.find(({ id }) => id === owner)?.name ?? "",
      owner_id: owner ?? "",
      created_at: created_at ?? 0,
      edited_at: edited_at ?? 0,
      plugins,
      last_data,
      last_data_users: last?.["lac"] ?? 0,
    },
    global_admin: named(({ globalAdmin: isGlobal }) => isGlobal),
    admin: named(({ rights }) => rights[app.id] === "admin"),
    user: named(({ rights }) => rights[app.id] !== undefined),
  });
}
