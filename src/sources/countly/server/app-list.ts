import { withCallerMessage } from "../../../core/caller-message.ts";
import { ConfigError, SourceError } from "../../../core/errors.ts";
import { statusOf } from "../../../http/http-error.ts";
import { memberByPath } from "../../../http/paging/page.ts";
import { firstPresent } from "../../../json/row-mapper.ts";
import { emptyMembers, idText, members } from "../../../json/text-scanner.ts";
import type { CountlyResponse, SendRequest } from "../client/countly-client.ts";
import { readAllPages } from "../gateway/offset-pages.ts";

/** An app as the server lists it. */
export interface App {
  readonly id: string;
  /** The app's object in the list, as JSON text. Undefined if only the id is known. */
  readonly text: string | undefined;
  /** Whether the key administers the app and so may read its details. */
  readonly administered: boolean;
}

/**
 * The API of a server: Countly's own, or the one of the original connector, as gateways have it.
 */
type ApiShape = "countly" | "original";

/** The apps of a server, and how it lists them. */
export interface AppList {
  readonly shape: ApiShape;
  readonly apps: readonly App[];
  /** Whether an app not in the list is deleted, rather than hidden from the key. */
  readonly complete: boolean;
}

/** Lists all apps, in both shapes of the API. */
export const allAppsPath = "o/apps/all";
/** Lists the apps of which the key may read something. */
const ownAppsPath = "o/apps/mine";

/** Asks a gateway for its first page of apps; Countly ignores them. */
export const firstPageParams = { limit: 100, skip: 0 } as const;

/**
 * Lists the apps that the key can see. An empty list proves nothing: a server whose database is
 * down also responds with one, and with status 200.
 */
export async function listApps(send: SendRequest): Promise<AppList> {
  const all = await requestAllApps(send);
  if (all && isGatewayShape(all)) return await listGatewayApps(send);
  const apps = all && parseApps(all);
  if (apps && apps.length > 0) return { shape: "countly", apps, complete: true };
  return { shape: "countly", apps: parseApps(await send({ path: ownAppsPath })), complete: false };
}

/** Repeats the request that a list came from. Throws if the server now refuses it. */
export async function confirmAccess(
  send: SendRequest,
  { shape, complete }: AppList,
): Promise<void> {
  const path = complete || shape === "original" ? allAppsPath : ownAppsPath;
  await send({ path, params: { limit: 1, skip: 0 } });
}

/** All apps of the server; undefined if the key is not a global administrator's. */
async function requestAllApps(send: SendRequest): Promise<CountlyResponse | undefined> {
  try {
    return await send({ path: allAppsPath, params: firstPageParams });
  } catch (error) {
    if (statusOf(error) === 401 && /does not have right/i.test(String(error))) return undefined;
    throw isInvalidPath(error) ? wrongUrlError(error) : error;
  }
}

/**
 * True for Countly's response to an unknown path. Every edition has this path, so the URL is
 * wrong.
 */
function isInvalidPath(error: unknown): error is Error {
  return error instanceof Error && statusOf(error) === 400 && /Invalid path/i.test(error.message);
}

function wrongUrlError({ message, cause }: Error): ConfigError {
  return withCallerMessage(
    new ConfigError(`${message}; check countly.base_url`, { cause }),
    "the server does not know the path of the apps; check countly.base_url",
  );
}

/** Whether the response is one of a gateway. */
function isGatewayShape({ value }: CountlyResponse): boolean {
  return Array.isArray(value) || Array.isArray(memberByPath(value, "data"));
}

async function listGatewayApps(send: SendRequest): Promise<AppList> {
  const { rows, isComplete } = await readAllPages(send, { path: allAppsPath, limit: 100 });
  return { shape: "original", apps: rows.map(parseGatewayApp), complete: isComplete };
}

/** Parses `{admin_of: {id: {…}}, user_of: {id: {…}}}`. */
function parseApps({ body }: CountlyResponse): readonly App[] {
  const response = members(body.text);
  if (!response) throw new SourceError("o/apps: expected an object, got other JSON");
  const apps = new Map<string, App>();
  for (const [name, administered] of [
    ["admin_of", true],
    ["user_of", false],
  ] as const) {
    for (const [id, app] of appsIn(response, name)) {
      if (!apps.has(id)) apps.set(id, { id, text: app, administered });
    }
  }
  return [...apps.values()];
}

/** A list of another shape lists nothing, and that is no proof. */
function appsIn(response: ReadonlyMap<string, string>, name: string): Iterable<[string, string]> {
  const list = response.get(name) ?? "null";
  const apps = list === "null" ? emptyMembers : members(list);
  if (!apps) throw new SourceError(`o/apps: expected an object in ${name}, got other JSON`);
  return apps;
}

function parseGatewayApp(text: string): App {
  const id = idText(firstPresent(members(text) ?? emptyMembers, ["_id", "id", "app_id"]));
  if (id === undefined) throw new SourceError(`${allAppsPath}: expected objects with an _id`);
  return { id, text, administered: false };
}
