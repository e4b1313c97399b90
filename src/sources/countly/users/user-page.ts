import { SourceError, TransientError } from "../../../core/errors.ts";
import { members, plain } from "../../../json/text-scanner.ts";
import { memberByPath, pageBody } from "../../../http/paging/page.ts";
import type { SendRequest } from "../client/countly-client.ts";
import { sendAndAwaitTask } from "../client/await-task.ts";
import { isWithin, userQuery, type IdRange } from "./user-query.ts";
import type { UserEndpoint } from "./user-endpoints.ts";

/** A user, as JSON, and its `_id`. */
export interface User {
  readonly id: string;
  readonly text: string;
}

/** Users of an app, in descending order of their ids. */
export interface UserPage {
  readonly users: readonly User[];
  readonly bytes: number;
  /** How many the query finds, where the server says so. */
  readonly total: number | undefined;
}

/** Where users are asked for. */
export interface UserPageContext {
  readonly send: SendRequest;
  /** The id of the app. */
  readonly app: string;
  /** Only users that were active at or after this instant. Absent: all. */
  readonly since: string | undefined;
  readonly signal: AbortSignal;
}

export interface UserPageRequest {
  readonly range: IdRange;
  readonly limit: number;
  /** Instead of the highest ids those that the server saw last, where the way has an order. */
  readonly latest?: boolean;
}

const byId = { _id: -1 } as const;
const bySync = { last_sync: -1 } as const;

/**
 * A page of users. Throws a SourceError where they are not those that were asked for: a page that comes again, or one that is in no order, and
 * a TransientError where the server counts users and shows none.
 */
export async function requestUserPage(
  way: UserEndpoint,
  { send, app, since, signal }: UserPageContext,
  { range, limit, latest = false }: UserPageRequest,
): Promise<UserPage> {
  const { path, encoding, rowKey, totalKey, sorted } = way;
  const query = userQuery(since, range);
  const params = way.params({ app, query, sort: latest ? bySync : byId, limit });
  const answer = await sendAndAwaitTask(send, { path, encoding, params }, signal);
  const rowKeys = rowKey === undefined ? [] : [rowKey];
  const { rows, bytes } = pageBody(answer.body, { path, rowKeys }).page;
  const users = rows.map((text) => ({ id: userId(text, path), text }));
  const total = totalKey === undefined ? undefined : memberByPath(answer.value, totalKey);
  checkPage(users, { way, range });
  const told = typeof total === "number" ? total : undefined;
  if (users.length === 0 && (told ?? 0) > 0)
    throw new TransientError(`${path}: the server counts ${told ?? 0} users and shows none`);
  return { users: sorted ? users : users.sort(byDescendingId), bytes, total: told };
}

function checkPage(
  users: readonly User[],
  { way, range }: { readonly way: UserEndpoint; readonly range: IdRange },
): void {
  const { path, sorted, completeMarker } = way;
  if (!users.every(({ id }) => isWithin(id, range)))
    throw new SourceError(
      `${path}: a page came again; the server does not look at the range of ids`,
    );
  const isInOrder = users.every(
    ({ id }, index) => index === 0 || id < (users[index - 1]?.id ?? ""),
  );
  if (sorted && !isInOrder)
    throw new SourceError(`${path}: expected users in descending order of _id, got another`);
  if (
    completeMarker !== undefined &&
    users.length > 0 &&
    !users.some(({ text }) => text.includes(`"${completeMarker}"`))
  )
    throw new SourceError(`${path}: the server shows only parts of the users`);
}

function userId(text: string, path: string): string {
  const id = plain(members(text)?.get("_id"));
  if (id === undefined) throw new SourceError(`${path}: expected users with an _id`);
  return id;
}

function byDescendingId(a: User, b: User): number {
  if (a.id === b.id) return 0;
  return a.id < b.id ? 1 : -1;
}
