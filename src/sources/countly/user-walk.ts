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

/** All users in descending order of their ids, until an empty page: a short one may have been cut. */
export async function* descendingUsers(
  reader: UserReader,
  { below, provesEnd }: UserWalkOptions,
): AsyncGenerator<UserPage, void> {
  let last = below;
  for (let doubts = 0; doubts < maxDoubts;) {
    const page = await reader.page(last);
    const lowest = page.users.at(-1)?.id;
    if (lowest !== undefined) {
      yield page;
      last = lowest;
      doubts = 0;
    } else {
      if (last === undefined || !provesEnd() || (await reader.isEnd(last))) return;
      doubts += 1;
    }
  }
  throw new TransientError("the server shows no users where it has some; run again later");
}
