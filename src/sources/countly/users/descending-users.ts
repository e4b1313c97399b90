import { TransientError } from "../../../core/errors.ts";
import type { UserPage } from "./user-page.ts";
import type { UserReader } from "./user-reader.ts";

export interface DescendingUsersOptions {
  /** Go on below this id. Absent: from the highest. */
  readonly below: string | undefined;
  /** Whether something would be lost if the end were none: then it is proved. Asked once a page is empty. */
  readonly provesEnd: () => boolean;
}

/** So many empty pages that are no end, one after the other, are no accident. */
const maxUnconfirmedPages = 3;

/**
 * All users in descending order of their ids, until there are none below the last one: a short page may have been cut, and an empty one be that of
 * a database that fails. So the last one is asked for again with those below.
 */
export async function* readDescendingUsers(
  reader: UserReader,
  { below, provesEnd }: DescendingUsersOptions,
): AsyncGenerator<UserPage, void> {
  let [last, shown] = [below, 0];
  for (let doubts = 0; doubts < maxUnconfirmedPages;) {
    // A page of one user may be all that the server shows at once.
    const isThrough = last !== undefined && shown > 1 && reader.sorted;
    const page = await reader.readPage(isThrough ? { through: last } : { below: last });
    const users = page.users.filter(({ id }) => id !== last);
    const lowest = users.at(-1)?.id;
    if (lowest !== undefined) {
      yield { ...page, users };
      [last, shown, doubts] = [lowest, users.length, 0];
    } else {
      if (
        await isEnd(
          { page, last, includesLast: isThrough, unconfirmed: doubts },
          { reader, provesEnd },
        )
      )
        return;
      [shown, doubts] = [0, doubts + 1];
    }
  }
  throw new TransientError("the server shows no users where it has some; run again later");
}

/** A page without new users, and what it was an answer to. */
interface EmptyPage {
  readonly page: UserPage;
  /** The lowest user so far; absent where there was none. */
  readonly last: string | undefined;
  /** Whether that one was asked for again. */
  readonly includesLast: boolean;
  /** How many such pages came just before. */
  readonly unconfirmed: number;
}

/** Whether a page without new users is the end. */
async function isEnd(
  { page, last, includesLast, unconfirmed }: EmptyPage,
  {
    reader,
    provesEnd,
  }: Pick<DescendingUsersOptions, "provesEnd"> & { readonly reader: UserReader },
): Promise<boolean> {
  const isCounted = page.total !== undefined;
  // The last one again, and alone: an array that was cut looks the same, unless the server counts.
  if (page.users.length > 0) return page.total === 1 || (!isCounted && !provesEnd());
  // Not even the last one: the server shows nothing at the moment.
  if (includesLast) return false;
  if (last === undefined) return isCounted || unconfirmed > 0;
  return !provesEnd() || (await reader.confirmEnd(last));
}
