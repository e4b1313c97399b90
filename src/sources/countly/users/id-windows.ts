import { SourceError } from "../../../core/errors.ts";
import type { UserPage, UserPageRequest } from "./user-page.ts";

/** Leading hex digits that locate an id. Ids are hashes and so are spread evenly. */
const hexDigits = 12;

/** The narrowest window, as a fraction of all ids. */
const minWidth = 16 ** -hexDigits;

/**
 * Reads users from an unsorted list in windows of ids. A window is narrowed until the server sends
 * as many users as it counts in it, and therefore all of them.
 */
export class IdWindows {
  readonly #request: (request: UserPageRequest) => Promise<UserPage>;
  /** The width of the next window, as a fraction of all ids. */
  #width = 1;

  constructor(request: (request: UserPageRequest) => Promise<UserPage>) {
    this.#request = request;
  }

  /** The users with the highest ids below this one; none only if none are left. */
  async readPage(below: string | undefined, limit: number): Promise<UserPage> {
    for (let end = below; ;) {
      const from = idBelow(end, this.#width);
      const page = await this.#request({ range: { from, below: end }, limit });
      const { users, total } = page;
      if (total === undefined) throw new SourceError("the server does not count the users");
      if (total > users.length) this.#narrow(limit, total);
      else if (users.length === 0 && from !== undefined)
        [end, this.#width] = [from, this.#width * 4];
      else {
        if (users.length < limit / 2) this.#width = Math.min(1, this.#width * 2);
        return page;
      }
    }
  }

  #narrow(limit: number, total: number): void {
    if (this.#width < minWidth)
      throw new SourceError("the server does not send all the users that it counts");
    this.#width *= Math.min(0.5, (0.8 * limit) / total);
  }
}

/** The id this far below another; undefined if that is below all ids. */
function idBelow(end: string | undefined, width: number): string | undefined {
  const position = positionOf(end) - width;
  if (position <= 0) return undefined;
  return Math.floor(position * 16 ** hexDigits)
    .toString(16)
    .padStart(hexDigits, "0");
}

/** Where an id lies among all possible ids, from 0 to 1. */
function positionOf(id: string | undefined): number {
  const start = (id ?? "").slice(0, hexDigits);
  return /^[0-9a-f]+$/.test(start) ? parseInt(start, 16) / 16 ** start.length : 1;
}
