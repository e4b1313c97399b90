import { ConfigError, SourceError } from "../../../core/errors.ts";
import { members, emptyMembers, plain } from "../../../json/text-scanner.ts";
import { firstPresent } from "../../../json/row-mapper.ts";
import { statusOf } from "../../../http/http-error.ts";
import { memberByPath } from "../../../http/paging/page.ts";
import type { SendRequest, CountlyResponse } from "../client/countly-client.ts";
import { readAllPages } from "../gateway/offset-pages.ts";

/** An app of the server. */
export interface App {
  readonly id: string;
  /** The object that stood in the list, as JSON; undefined where the app is only known by its id. */
  readonly text: string | undefined;
  /** Whether the key administers it, and so may read its details. */
  readonly administered: boolean;
}

/** What a server speaks: Countly's own API, or that which the original connector expected, and which gateways were written for. */
export type ApiShape = "countly" | "original";

export interface AppList {
  readonly shape: ApiShape;
  readonly apps: readonly App[];
  /** Whether an app that is not in the list is gone; otherwise the key may just not see it. */
  readonly complete: boolean;
}

/** Where all apps are listed, in both shapes, and where those that a key may read anything of. */
export const allAppsPath = "o/apps/all";
const ownAppsPath = "o/apps/mine";

/** What asks a gateway for its first apps; Countly does not look at it. */
export const firstPageParams = { limit: 100, skip: 0 } as const;

/** The apps that the key sees. A database that fails shows none, with status 200, so that an empty list proves nothing. */
export async function listApps(ask: SendRequest): Promise<AppList> {
  const all = await requestAllApps(ask);
  if (all && isGatewayShape(all)) return await listGatewayApps(ask);
  const apps = all && parseApps(all);
  if (apps && apps.length > 0) return { shape: "countly", apps, complete: true };
  return { shape: "countly", apps: parseApps(await ask({ path: ownAppsPath })), complete: false };
}

/** Asks once more for what a list came from. Throws where the server refuses it by now. */
export async function confirmAccess(ask: SendRequest, { shape, complete }: AppList): Promise<void> {
  const path = complete || shape === "original" ? allAppsPath : ownAppsPath;
  await ask({ path, params: { limit: 1, skip: 0 } });
}

/** All apps of the server; undefined where only a global administrator may know them. */
async function requestAllApps(ask: SendRequest): Promise<CountlyResponse | undefined> {
  try {
    return await ask({ path: allAppsPath, params: firstPageParams });
  } catch (error) {
    if (statusOf(error) === 401 && /does not have right/i.test(String(error))) return undefined;
    throw isInvalidPath(error) ? wrongUrlError(error) : error;
  }
}

/** Whether a server of Countly says that nothing is there; any edition has its apps there. */
function isInvalidPath(error: unknown): error is Error {
  return error instanceof Error && statusOf(error) === 400 && /Invalid path/i.test(error.message);
}

function wrongUrlError({ message, cause }: Error): ConfigError {
  return new ConfigError(`${message}; check countly.base_url`, { cause });
}

/** Whether an answer has the original connector's shape. */
function isGatewayShape({ value }: CountlyResponse): boolean {
  return Array.isArray(value) || Array.isArray(memberByPath(value, "data"));
}

async function listGatewayApps(ask: SendRequest): Promise<AppList> {
  const { rows, isComplete } = await readAllPages(ask, { path: allAppsPath, limit: 100 });
  return { shape: "original", apps: rows.map(parseGatewayApp), complete: isComplete };
}

/** The apps of `{admin_of: {id: {…}}, user_of: {id: {…}}}`. */
function parseApps({ body }: CountlyResponse): readonly App[] {
  const answer = members(body.text);
  if (!answer) throw new SourceError("o/apps: expected an object, got other JSON");
  const apps = new Map<string, App>();
  for (const [name, administered] of [
    ["admin_of", true],
    ["user_of", false],
  ] as const) {
    for (const [id, app] of members(answer.get(name) ?? "") ?? []) {
      if (!apps.has(id)) apps.set(id, { id, text: app, administered });
    }
  }
  return [...apps.values()];
}

function parseGatewayApp(text: string): App {
  const id = plain(firstPresent(members(text) ?? emptyMembers, ["_id", "id", "app_id"]));
  if (id === undefined) throw new SourceError(`${allAppsPath}: expected objects with an _id`);
  return { id, text, administered: false };
}
