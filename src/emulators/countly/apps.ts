import { message, output } from "./response.ts";
import type { Answer } from "./response.ts";
import type { CountlyApp } from "./app.ts";
import { authenticated, authorizedApp, globalAdmin } from "./auth.ts";
import type { Call } from "./request-context.ts";
import type { Document } from "./document.ts";
import { find } from "./find-users.ts";
import { administers } from "./member.ts";
import type { CountlyMember } from "./member.ts";

/** `/o/apps/…`: what can be known about apps. */
export function answerApps(call: Call, name: string): Answer {
  switch (name) {
    case "all":
      return allApps(call, globalAdmin(call));
    case "mine":
      return appsOf(call, authenticated(call));
    case "details":
      return details(call, authorizedApp(call, "admin"));
    default:
      return message(400, "Invalid path, must be one of /all, /mine, /details or /plugins");
  }
}

function allApps(call: Call, member: CountlyMember): Answer {
  const all = packed(call, () => true);
  return member.globalAdmin ? output({ admin_of: all, user_of: all }) : output({});
}

function appsOf(call: Call, member: CountlyMember): Answer {
  if (member.globalAdmin) return allApps(call, member);
  return output({
    admin_of: packed(call, ({ id }) => administers(member, id)),
    user_of: packed(call, ({ id }) => member.rights[id] !== undefined),
  });
}

/** Apps by their ids. A database that fails gives none, and nobody is told. */
function packed({ workspace, traps }: Call, belongs: (app: CountlyApp) => boolean): Document {
  if (traps.failingDatabase) return {};
  const entries = workspace.apps.filter(belongs).map(({ id, fields }) => {
    const { category, country, key, name, timezone, salt } = fields;
    return [id, { _id: id, category, country, key, name, timezone, salt: salt ?? "" }] as const;
  });
  return Object.fromEntries(entries);
}

function details({ workspace }: Call, app: CountlyApp): Answer {
  const { owner, created_at, edited_at, plugins, last_data } = app.fields;
  const [last] = find(app.users, { sort: { lac: -1 }, limit: 1 });
  const named = (belongs: (member: CountlyMember) => boolean): Document[] =>
    workspace.members.filter(belongs).map(({ id, name }) => ({ _id: id, full_name: name }));
  return output({
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
