import { ResponseError } from "./response.ts";
import type { CountlyApp } from "./app.ts";
import type { RequestContext } from "./request-context.ts";
import { administers, mayRead } from "./member.ts";
import type { CountlyMember, Right } from "./member.ts";

/** The member whose key or token came with a request, not locked; else throws a Refusal. */
export function authenticate(call: RequestContext): CountlyMember {
  return requireUnlocked(identifyMember(call));
}

/** A global administrator; else throws a Refusal. */
export function requireGlobalAdmin(call: RequestContext): CountlyMember {
  const member = identifyMember(call);
  if (!member.globalAdmin) throw new ResponseError(401, "User does not have right");
  return requireUnlocked(member);
}

/** The app that `app_id` names, which the member administers, or may read for this reason; else throws a Refusal. */
export function authorizeApp(call: RequestContext, right: Right | "core" | "admin"): CountlyApp {
  const member = identifyMember(call);
  const id = call.params["app_id"];
  if (id === undefined) throw new ResponseError(401, "No app_id provided");
  const allowed = right === "admin" ? administers(member, id) : mayRead(member, id, right);
  if (!allowed) throw new ResponseError(401, "User does not have right");
  requireUnlocked(member);
  const app = call.faults.failingDatabase ? undefined : call.workspace.app(id);
  if (!app) throw new ResponseError(401, "App does not exist");
  if (app.locked) throw new ResponseError(403, "App is locked");
  return app;
}

/** The app whose users a collection such as `app_users<APPID>` holds; undefined where there is none. Throws a Refusal where it is locked. */
export function appOfCollection(
  { workspace, faults }: RequestContext,
  collection: string,
): CountlyApp | undefined {
  const id = appIdOf(collection);
  const app = faults.failingDatabase ? undefined : workspace.app(id);
  if (app?.locked) throw new ResponseError(403, "App is locked");
  return app;
}

/** The id of the app at the end of a collection's name. */
export function appIdOf(collection: string): string {
  return collection.replace(/^app_users/, "");
}

function identifyMember(call: RequestContext): CountlyMember {
  const { workspace, faults, request, params } = call;
  const given = faults.keyInUrlOnly ? Object.fromEntries(request.url.searchParams) : params;
  const token = given["auth_token"] ?? headerToken(call);
  const owner = token ? workspace.tokenOwner(token) : undefined;
  if (owner) return owner;
  const key = given["api_key"];
  if (!key && token) throw new ResponseError(400, "Token not valid");
  if (!key) throw new ResponseError(400, 'Missing parameter "api_key" or "auth_token"');
  const member = workspace.members.find(({ apiKey }) => apiKey === key);
  if (!member) throw new ResponseError(401, "User does not exist");
  return member;
}

/** The header takes tokens only: a key in it is a token that is not valid. */
function headerToken({ request }: RequestContext): string | undefined {
  const header = request.headers["countly-token"];
  return Array.isArray(header) ? header[0] : header;
}

function requireUnlocked(member: CountlyMember): CountlyMember {
  if (member.locked) throw new ResponseError(401, "User is locked");
  return member;
}
