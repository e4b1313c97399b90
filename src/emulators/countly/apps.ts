import type { CountlyApp } from "./app.ts";
import { authenticate, authorizeApp, requireGlobalAdmin } from "./auth.ts";
import type { Document } from "./document.ts";
import { findUsers } from "./find-users.ts";
import { administers } from "./member.ts";
import type { CountlyMember } from "./member.ts";
import type { RequestContext } from "./request-context.ts";
import { messageResponse, outputResponse } from "./response.ts";
import type { HttpResponse } from "./response.ts";

/** Answers `/o/apps/…`. Throws a ResponseError. */
export function routeApps(context: RequestContext, name: string): HttpResponse {
  switch (name) {
    case "all":
      return listAllApps(context, requireGlobalAdmin(context));
    case "mine":
      return listOwnApps(context, authenticate(context));
    case "details":
      return appDetails(context, authorizeApp(context, "admin"));
    default:
      return messageResponse(400, "Invalid path, must be one of /all, /mine, /details or /plugins");
  }
}

function listAllApps(context: RequestContext, member: CountlyMember): HttpResponse {
  const all = appsById(context, () => true);
  return member.globalAdmin ? outputResponse({ admin_of: all, user_of: all }) : outputResponse({});
}

function listOwnApps(context: RequestContext, member: CountlyMember): HttpResponse {
  if (member.globalAdmin) return listAllApps(context, member);
  return outputResponse({
    admin_of: appsById(context, ({ id }) => administers(member, id)),
    user_of: appsById(context, ({ id }) => member.rights[id] !== undefined),
  });
}

/** Apps by id. If the database fails there are none, and the status is still 200. */
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
