import { SourceError, TransientError } from "../../../core/errors.ts";
import { heldPageBody, memberByPath } from "../../../http/paging/page.ts";
import { idText, members } from "../../../json/text-scanner.ts";
import { sendAndAwaitTask } from "../client/await-task.ts";
import type { SendRequest } from "../client/countly-client.ts";
import type { UserEndpoint } from "./user-endpoints.ts";
import { isWithin, userQuery, type IdRange } from "./user-query.ts";

/** A user of an app. */
export interface User {
  /** The `_id`. */
  readonly id: string;
  /** The user's document, as JSON text. */
  readonly text: string;
}

/** Users of an app, in descending order of their ids. */
export interface UserPage {
  readonly users: readonly User[];
  readonly bytes: number;
  readonly held?: Disposable | undefined;
  /** How many users match the query, if the endpoint counts them. */
  readonly total: number | undefined;
}

/** What all requests for an app's users have in common. */
export interface UserPageContext {
  readonly send: SendRequest;
  /** Id of the app. */
  readonly app: string;
  /** Only users active at or after this instant. Undefined: all. */
  readonly since: string | undefined;
  readonly signal: AbortSignal;
}

/** Which users to request. */
export interface UserPageRequest {
  readonly range: IdRange;
  readonly limit: number;
  /** Sort by `last_sync` instead of `_id`, if the endpoint sorts. */
  readonly latest?: boolean;
}

const byId = { _id: -1 } as const;
const bySync = { last_sync: -1 } as const;

/**
 * Requests a page of users. Throws a SourceError if the endpoint ignored the range or the order,
 * and a TransientError if it counts users but sends none.
 */
export async function requestUserPage(
  endpoint: UserEndpoint,
  { send, app, since, signal }: UserPageContext,
  { range, limit, latest = false }: UserPageRequest,
): Promise<UserPage> {
  const { path, encoding, rowKey, totalKey, sorted } = endpoint;
  const query = userQuery(since, range);
  const params = endpoint.params({ app, query, sort: latest ? bySync : byId, limit });
  const response = await sendAndAwaitTask(send, { path, encoding, params }, signal);
  const rowKeys = rowKey === undefined ? [] : [rowKey];
  const { rows, bytes, held } = heldPageBody(response.body, { path, rowKeys }).page;
  const users = rows.map((text) => ({ id: userId(text, path), text }));
  const count = totalKey === undefined ? undefined : memberByPath(response.value, totalKey);
  checkPage(users, { endpoint, range });
  const total = typeof count === "number" ? count : undefined;
  if (users.length === 0 && (total ?? 0) > 0)
    throw new TransientError(`${path}: the server counts ${total ?? 0} users but sends none`);
  return { users: sorted ? users : users.sort(byDescendingId), bytes, held, total };
}

function checkPage(
  users: readonly User[],
  { endpoint, range }: { readonly endpoint: UserEndpoint; readonly range: IdRange },
): void {
  const { path, sorted, completeMarker } = endpoint;
  if (!users.every(({ id }) => isWithin(id, range)))
    throw new SourceError(`${path}: got users outside of the range; the server ignores the query`);
  const isInOrder = users.every(
    ({ id }, index) => index === 0 || id < (users[index - 1]?.id ?? ""),
  );
  if (sorted && !isInOrder)
    throw new SourceError(`${path}: expected users in descending order of _id, got another order`);
  if (
    completeMarker !== undefined &&
    users.length > 0 &&
    !users.some(({ text }) => text.includes(`"${completeMarker}"`))
  )
    throw new SourceError(`${path}: the server sends only parts of the users`);
}

function userId(text: string, path: string): string {
  const id = idText(members(text)?.get("_id"));
  if (id === undefined) throw new SourceError(`${path}: expected users with an _id`);
  return id;
}

function byDescendingId(a: User, b: User): number {
  if (a.id === b.id) return 0;
  return a.id < b.id ? 1 : -1;
}
