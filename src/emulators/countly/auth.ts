import type { CountlyApp } from "./app.ts";
import { administers, mayRead } from "./member.ts";
import type { CountlyMember, Right } from "./member.ts";
import type { RequestContext } from "./request-context.ts";
import { ResponseError } from "./response.ts";

/** The member whose key or token the request carries. Throws a ResponseError if none or locked. */
export function authenticate(context: RequestContext): CountlyMember {
  return requireUnlocked(identifyMember(context));
}

/**
 * The member of the request, who must be a global administrator. Throws a ResponseError otherwise.
 */
export function requireGlobalAdmin(context: RequestContext): CountlyMember {
  const member = identifyMember(context);
  if (!member.globalAdmin) throw new ResponseError(401, "User does not have right");
  return requireUnlocked(member);
}

/**
 * The app given by `app_id`, for which the member must have this right or be an administrator.
 * Throws a ResponseError otherwise, or if the app is locked or does not exist.
 */
export function authorizeApp(context: RequestContext, right: Right | "core" | "admin"): CountlyApp {
  const member = identifyMember(context);
  const id = context.params["app_id"];
  if (id === undefined) throw new ResponseError(401, "No app_id provided");
  const allowed = right === "admin" ? administers(member, id) : mayRead(member, id, right);
  if (!allowed) throw new ResponseError(401, "User does not have right");
  requireUnlocked(member);
  const app = context.faults.failingDatabase ? undefined : context.workspace.app(id);
  if (!app) throw new ResponseError(401, "App does not exist");
  if (app.locked) throw new ResponseError(403, "App is locked");
  return app;
}

/**
 * The app whose users are in a collection such as `app_users<APPID>`, or undefined if there is
 * none. Throws a ResponseError if the app is locked.
 */
export function appOfCollection(
  { workspace, faults }: RequestContext,
  collection: string,
): CountlyApp | undefined {
  const id = appIdOf(collection);
  const app = faults.failingDatabase ? undefined : workspace.app(id);
  if (app?.locked) throw new ResponseError(403, "App is locked");
  return app;
}

/** The app id in a collection's name. */
export function appIdOf(collection: string): string {
  return collection.replace(/^app_users/, "");
}

function identifyMember(context: RequestContext): CountlyMember {
  const { workspace, faults, request, params } = context;
  const given = faults.keyInUrlOnly ? Object.fromEntries(request.url.searchParams) : params;
  const token = given["auth_token"] ?? headerToken(context);
  const owner = token ? workspace.tokenOwner(token) : undefined;
  if (owner) return owner;
  const key = given["api_key"];
  if (!key && token) throw new ResponseError(400, "Token not valid");
  if (!key) throw new ResponseError(400, 'Missing parameter "api_key" or "auth_token"');
  const member = workspace.members.find(({ apiKey }) => apiKey === key);
  if (!member) throw new ResponseError(401, "User does not exist");
  return member;
}

/** The header takes tokens only: an API key in it is an invalid token. */
function headerToken({ request }: RequestContext): string | undefined {
  const header = request.headers["countly-token"];
  return Array.isArray(header) ? header[0] : header;
}

function requireUnlocked(member: CountlyMember): CountlyMember {
  if (member.locked) throw new ResponseError(401, "User is locked");
  return member;
}
