import { ConfigError, SourceError, TransientError } from "../../../core/errors.ts";
import { isOverload, isTooLarge, statusOf } from "../../../http/http-error.ts";
import { IdWindows } from "./id-windows.ts";
import {
  userPage,
  type PageQuestion,
  type User,
  type UserPage,
  type UserPlace,
} from "./user-page.ts";
import type { IdRange } from "./user-query.ts";
import { userWays, type UserWay } from "./user-endpoints.ts";

/** The way that worked last, with whatever app: the one to try first with the next. */
export interface WayMemory {
  way: string | undefined;
}

export interface UserReaderOptions extends UserPlace {
  /** The way that an earlier sync read this app by. */
  readonly known: string | undefined;
  readonly memory: WayMemory;
  readonly limit: number;
}

/** Reads the users of one app in descending order of their ids, by the best way that the server lets the key go; where that ends, by the next. */
export class UserReader {
  readonly #options: UserReaderOptions;
  readonly #left: UserWay[];
  readonly #refusals: { readonly way: UserWay; readonly error: Error }[] = [];
  #way: UserWay;
  #windows: IdWindows | undefined;
  #limit: number;
  #isEmptied = false;

  constructor(options: UserReaderOptions) {
    const first = options.known ?? options.memory.way;
    const [way, ...left] = [...userWays].sort(
      (a, b) => Number(b.name === first) - Number(a.name === first),
    );
    if (!way) throw new Error("there is no way to read users");
    this.#options = options;
    this.#way = way;
    this.#left = left;
    this.#limit = options.limit;
  }

  /** The name of the way that works, to be remembered. */
  get way(): string | undefined {
    return this.#way.isLast === true ? undefined : this.#way.name;
  }

  /** Whether the way shows the users in their order, and not by windows that it counts. */
  get sorted(): boolean {
    return this.#way.sorted;
  }

  /** Whether the walk ended because the server counts none any more, so that whoever was shown is gone too. */
  get isEmptied(): boolean {
    return this.#isEmptied;
  }

  /** The users with the highest ids below this one, or this one and those below it; none only where the server shows none. */
  page({ below, through }: Omit<IdRange, "from">): Promise<UserPage> {
    return this.#read(() => {
      if (this.#way.sorted) return this.#ask({ range: { below, through }, limit: this.#limit });
      this.#windows ??= new IdWindows((question) => this.#ask(question));
      return this.#windows.page(below ?? through, this.#limit);
    });
  }

  /** The user that the server saw last; undefined where it cannot say so. */
  async latest(): Promise<User | undefined> {
    try {
      const { users } = await this.#read(() => this.#ask({ range: {}, limit: 1, latest: true }));
      return this.#way.sorted ? users[0] : undefined;
    } catch (error) {
      // Without an index that is more work than a page.
      if (isOverload(error)) return undefined;
      throw error;
    }
  }

  /**
   * Whether there are no users below the last one that was shown. A server whose database fails shows none at all, so that it has to show that one
   * again, or count none. Throws a TransientError where it does neither.
   */
  async isEnd(last: string): Promise<boolean> {
    const { users, total } = await this.#read(() =>
      this.#ask({ range: { through: last }, limit: 2 }),
    );
    if (users.length > 0) return (total ?? 1) <= 1 && users.every(({ id }) => id === last);
    const top = await this.#read(() => this.#ask({ range: {}, limit: 1 }));
    if (top.users.length > 0) return true;
    this.#isEmptied = await this.countsNone();
    if (!this.#isEmptied) throw this.#showsNone("the server shows no users any more");
    return true;
  }

  /**
   * Whether the server says that it has no users; that it shows none does not mean so. False where no way that counts is open. Throws a TransientError
   * where it counts some.
   */
  async countsNone(): Promise<boolean> {
    for (const way of userWays.filter(({ totalKey }) => totalKey !== undefined)) {
      try {
        const { total } = await userPage(way, this.#options, { range: {}, limit: 1 });
        if (total === 0) return true;
        if (total !== undefined)
          throw this.#showsNone(`the server shows no users, and counts ${total}`);
      } catch (error) {
        if (!isRefusal(error)) throw error;
      }
    }
    return false;
  }

  #showsNone(what: string): TransientError {
    return new TransientError(`app "${this.#options.app}": ${what}; run again later`);
  }

  async #ask(question: PageQuestion): Promise<UserPage> {
    const page = await userPage(this.#way, this.#options, question);
    this.#options.memory.way = this.way ?? this.#options.memory.way;
    return page;
  }

  /** Asks by one way after the other, and for less where that is too much. */
  async #read(ask: () => Promise<UserPage>): Promise<UserPage> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (this.#limit > 1 && (isOverload(error) || isTooLarge(error)))
          this.#limit = Math.ceil(this.#limit / 4);
        else if (isRefusal(error)) this.#next(error);
        else throw error;
      }
    }
  }

  #next(error: Error): void {
    this.#refusals.push({ way: this.#way, error });
    const next = this.#left.shift();
    if (!next) throw this.#refused();
    this.#way = next;
    this.#windows = undefined;
  }

  #refused(): Error {
    const reasons = this.#refusals.map(({ way, error }) => `${way.name}: ${error.message}`);
    const what = `app "${this.#options.app}": its users can be read in no way`;
    const options = { cause: this.#refusals[0]?.error };
    if (this.#refusals.every(({ error }) => statusOf(error) !== undefined)) {
      const todo = "let the key read the users of the app, or leave it out of countly.app_id";
      return new ConfigError(`${what}; ${todo} (${reasons.join("; ")})`, options);
    }
    return new SourceError(`${what} (${reasons.join("; ")})`, options);
  }
}

/** Whether a way is closed, or shows something else than it should: the next one may be better. */
function isRefusal(error: unknown): error is Error {
  const status = statusOf(error) ?? 0;
  return error instanceof SourceError || (error instanceof ConfigError && status >= 400);
}
