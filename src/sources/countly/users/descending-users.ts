import { TransientError } from "../../../core/errors.ts";
import type { UserPage } from "./user-page.ts";
import type { UserReader } from "./user-reader.ts";

interface DescendingUsersOptions {
  /** Only users with ids below this one. Undefined: all. */
  readonly below: string | undefined;
  /**
   * Whether the end must be proven, because users would be lost if it were wrong. Called when a
   * page is empty.
   */
  readonly needsProof: () => boolean;
}

/** After this many empty pages in a row that are not the end, the server must be failing. */
const maxUnconfirmedPages = 3;

/**
 * Reads all users in descending order of their ids.
 *
 * A short page may have been cut off, and an empty one may come from a database that is failing.
 * So each request includes the last user read: only a page with that user alone is the end.
 */
export async function* readDescendingUsers(
  reader: UserReader,
  { below, needsProof }: DescendingUsersOptions,
): AsyncGenerator<UserPage, void> {
  let [last, received] = [below, 0];
  for (let unconfirmed = 0; unconfirmed < maxUnconfirmedPages;) {
    // After a page of one user, the server may be limited to one: it would only repeat that user.
    const includesLast = last !== undefined && received > 1 && reader.sorted;
    const page = await reader.readPage(includesLast ? { through: last } : { below: last });
    const users = page.users.filter(({ id }) => id !== last);
    const lowest = users.at(-1)?.id;
    if (lowest !== undefined) {
      yield { ...page, users };
      [last, received, unconfirmed] = [lowest, users.length, 0];
    } else {
      if (await isEnd({ page, last, includesLast, unconfirmed }, { reader, needsProof })) return;
      [received, unconfirmed] = [0, unconfirmed + 1];
    }
  }
  throw new TransientError("the server sends no users although it has some; run again later");
}

/** A page without new users. */
interface EmptyPage {
  readonly page: UserPage;
  /** Id of the lowest user read so far, if any. */
  readonly last: string | undefined;
  /** Whether the request included that user. */
  readonly includesLast: boolean;
  /** How many such pages came just before. */
  readonly unconfirmed: number;
}

/** Whether a page without new users is the end. */
async function isEnd(
  { page, last, includesLast, unconfirmed }: EmptyPage,
  {
    reader,
    needsProof,
  }: Pick<DescendingUsersOptions, "needsProof"> & { readonly reader: UserReader },
): Promise<boolean> {
  const isCounted = page.total !== undefined;
  // Only the last user again: without a count, an array that was cut off looks the same.
  if (page.users.length > 0) return page.total === 1 || (!isCounted && !needsProof());
  // Not even the last user: the server sends nothing at the moment.
  if (includesLast) return false;
  if (last === undefined) return isCounted || unconfirmed > 0;
  return !needsProof() || (await reader.confirmEnd(last));
}
