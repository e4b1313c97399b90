import { SourceError } from "../../../core/errors.ts";
import type { UserPageRequest, UserPage } from "./user-page.ts";

/** So many hexadecimal digits of an id say where it lies among all others, which are spread evenly: they are hashes. */
const hexDigits = 12;

/** Windows that are narrower than this can no longer be told apart. */
const minWidth = 16 ** -hexDigits;

/**
 * Reads users of a list that is in no order: by windows of ids that are so narrow that the server shows as many users as it counts, and
 * therefore all of them.
 */
export class IdWindows {
  readonly #request: (question: UserPageRequest) => Promise<UserPage>;
  /** The part of all ids that the next window is wide. */
  #width = 1;

  constructor(ask: (question: UserPageRequest) => Promise<UserPage>) {
    this.#request = ask;
  }

  /** The users with the highest ids below this one; none only where there are none left. */
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
      throw new SourceError("the server does not show the users it counts");
    this.#width *= Math.min(0.5, (0.8 * limit) / total);
  }
}

/** The id that lies so far below another; undefined below all. */
function idBelow(end: string | undefined, width: number): string | undefined {
  const place = positionOf(end) - width;
  if (place <= 0) return undefined;
  return Math.floor(place * 16 ** hexDigits)
    .toString(16)
    .padStart(hexDigits, "0");
}

/** Where an id lies among all others, from 0 to 1. */
function positionOf(id: string | undefined): number {
  const start = (id ?? "").slice(0, hexDigits);
  return /^[0-9a-f]+$/.test(start) ? parseInt(start, 16) / 16 ** start.length : 1;
}
