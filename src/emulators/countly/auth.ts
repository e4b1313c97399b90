import { Refusal } from "./response.ts";
import type { CountlyApp } from "./app.ts";
import type { Call } from "./request-context.ts";
import { administers, mayRead } from "./member.ts";
import type { CountlyMember, Right } from "./member.ts";

/** The member whose key or token came with a request, not locked; else throws a Refusal. */
export function authenticated(call: Call): CountlyMember {
  return unlocked(known(call));
}

/** A global administrator; else throws a Refusal. */
export function globalAdmin(call: Call): CountlyMember {
  const member = known(call);
  if (!member.globalAdmin) throw new Refusal(401, "User does not have right");
  return unlocked(member);
}

/** The app that `app_id` names, which the member administers, or may read for this reason; else throws a Refusal. */
export function authorizedApp(call: Call, right: Right | "core" | "admin"): CountlyApp {
  const member = known(call);
  const id = call.params["app_id"];
  if (id === undefined) throw new Refusal(401, "No app_id provided");
  const allowed = right === "admin" ? administers(member, id) : mayRead(member, id, right);
  if (!allowed) throw new Refusal(401, "User does not have right");
  unlocked(member);
  const app = call.traps.failingDatabase ? undefined : call.workspace.app(id);
  if (!app) throw new Refusal(401, "App does not exist");
  if (app.locked) throw new Refusal(403, "App is locked");
  return app;
}

/** The app whose users a collection such as `app_users<APPID>` holds; undefined where there is none. Throws a Refusal where it is locked. */
export function appOfCollection(
  { workspace, traps }: Call,
  collection: string,
): CountlyApp | undefined {
  const id = appIdOf(collection);
  const app = traps.failingDatabase ? undefined : workspace.app(id);
  if (app?.locked) throw new Refusal(403, "App is locked");
  return app;
}

/** The id of the app at the end of a collection's name. */
export function appIdOf(collection: string): string {
  return collection.replace(/^app_users/, "");
}

function known(call: Call): CountlyMember {
  const { workspace, traps, request, params } = call;
  const given = traps.keyInUrlOnly ? Object.fromEntries(request.url.searchParams) : params;
  const token = given["auth_token"] ?? headerToken(call);
  const owner = token ? workspace.tokenOwner(token) : undefined;
  if (owner) return owner;
  const key = given["api_key"];
  if (!key && token) throw new Refusal(400, "Token not valid");
  if (!key) throw new Refusal(400, 'Missing parameter "api_key" or "auth_token"');
  const member = workspace.members.find(({ apiKey }) => apiKey === key);
  if (!member) throw new Refusal(401, "User does not exist");
  return member;
}

/** The header takes tokens only: a key in it is a token that is not valid. */
function headerToken({ request }: Call): string | undefined {
  const header = request.headers["countly-token"];
  return Array.isArray(header) ? header[0] : header;
}

function unlocked(member: CountlyMember): CountlyMember {
  if (member.locked) throw new Refusal(401, "User is locked");
  return member;
}
