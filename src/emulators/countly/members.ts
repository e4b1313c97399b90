import { authenticate, requireGlobalAdmin } from "./auth.ts";
import type { Document } from "./document.ts";
import type { CountlyMember } from "./member.ts";
import type { RequestContext } from "./request-context.ts";
import { messageResponse, outputResponse } from "./response.ts";
import type { HttpResponse } from "./response.ts";

/**
 * Answers `/o/users/…`: the dashboard members by id, with their API keys. Throws a ResponseError.
 */
export function routeMembers(context: RequestContext, name: string): HttpResponse {
  switch (name) {
    case "all": {
      requireGlobalAdmin(context);
      const entries = context.workspace.members.map((member) => [
        member.id,
        memberDocument(member),
      ]);
      return outputResponse(Object.fromEntries(entries) as Document);
    }
    case "me":
      return outputResponse(memberDocument(authenticate(context)));
    default:
      return messageResponse(400, "Invalid path, must be one of /all, /me or /id");
  }
}

function memberDocument(member: CountlyMember): Document {
  const { id, apiKey, name, globalAdmin: global_admin, locked, rights } = member;
  const appsWith = (isAdmin: boolean): string[] =>
    Object.keys(rights).filter((app) => (rights[app] === "admin") === isAdmin);
  return {
    _id: id,
    full_name: name,
    username: name,
    api_key: apiKey,
    global_admin,
    locked,
    admin_of: appsWith(true),
    user_of: appsWith(false),
  };
}
