import { TransientError } from "../../core/errors.ts";
import type { UserPage } from "./user-page.ts";
import type { UserReader } from "./user-reader.ts";

export interface UserWalkOptions {
  /** Go on below this id. Absent: from the highest. */
  readonly below: string | undefined;
  /** Whether something would be lost if the end were none: then it is proved. Asked once a page is empty. */
  readonly provesEnd: () => boolean;
}

/** So many empty pages that are no end, one after the other, are no accident. */
const maxDoubts = 3;

/**
 * All users in descending order of their ids, until there are none below the last one: a short page may have been cut, and an empty one be that of
 * a database that fails. So the last one is asked for again with those below.
 */
export async function* descendingUsers(
  reader: UserReader,
  { below, provesEnd }: UserWalkOptions,
): AsyncGenerator<UserPage, void> {
  let [last, shown] = [below, 0];
  for (let doubts = 0; doubts < maxDoubts;) {
    // A page of one user may be all that the server shows at once.
    const isThrough = last !== undefined && shown > 1 && reader.sorted;
    const page = await reader.page(isThrough ? { through: last } : { below: last });
    const users = page.users.filter(({ id }) => id !== last);
    const lowest = users.at(-1)?.id;
    if (lowest !== undefined) {
      yield { ...page, users };
      [last, shown, doubts] = [lowest, users.length, 0];
    } else {
      const isCounted = page.total !== undefined;
      if (page.users.length > 0) {
        // The last one came again, and alone: an array that was cut looks the same, unless the server counts.
        if (page.total === 1 || (!isCounted && !provesEnd())) return;
      } else if (!isThrough && (last !== undefined || isCounted || doubts > 0)) {
        if (last === undefined || !provesEnd() || (await reader.isEnd(last))) return;
      }
      [shown, doubts] = [0, doubts + 1];
    }
  }
  throw new TransientError("the server shows no users where it has some; run again later");
}
