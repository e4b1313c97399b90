import { ConfigError, SourceError, TransientError } from "../../../core/errors.ts";
import { isOverload, isTooLarge, statusOf } from "../../../http/http-error.ts";
import { IdWindows } from "./id-windows.ts";
import {
  requestUserPage,
  type UserPageRequest,
  type User,
  type UserPage,
  type UserPageContext,
} from "./user-page.ts";
import type { IdRange } from "./user-query.ts";
import { userEndpoints, type UserEndpoint } from "./user-endpoints.ts";

/** The way that worked last, with whatever app: the one to try first with the next. */
export interface PreferredEndpoint {
  name: string | undefined;
}

export interface UserReaderOptions extends UserPageContext {
  /** The way that an earlier sync read this app by. */
  readonly savedEndpoint: string | undefined;
  readonly preferred: PreferredEndpoint;
  readonly limit: number;
}

/** Reads the users of one app in descending order of their ids, by the best way that the server lets the key go; where that ends, by the next. */
export class UserReader {
  readonly #options: UserReaderOptions;
  readonly #remaining: UserEndpoint[];
  readonly #refusals: { readonly endpointName: UserEndpoint; readonly error: Error }[] = [];
  #endpoint: UserEndpoint;
  #windows: IdWindows | undefined;
  #limit: number;
  #isNowEmpty = false;

  constructor(options: UserReaderOptions) {
    const first = options.savedEndpoint ?? options.preferred.name;
    const [way, ...left] = [...userEndpoints].sort(
      (a, b) => Number(b.name === first) - Number(a.name === first),
    );
    if (!way) throw new Error("there is no way to read users");
    this.#options = options;
    this.#endpoint = way;
    this.#remaining = left;
    this.#limit = options.limit;
  }

  /** The name of the way that works, to be remembered. */
  get way(): string | undefined {
    return this.#endpoint.isLastResort === true ? undefined : this.#endpoint.name;
  }

  /** Whether the way shows the users in their order, and not by windows that it counts. */
  get sorted(): boolean {
    return this.#endpoint.sorted;
  }

  /** Whether the walk ended because the server counts none any more, so that whoever was shown is gone too. */
  get isNowEmpty(): boolean {
    return this.#isNowEmpty;
  }

  /** The users with the highest ids below this one, or this one and those below it; none only where the server shows none. */
  readPage({ below, through }: Omit<IdRange, "from">): Promise<UserPage> {
    return this.#withFallback(() => {
      if (this.#endpoint.sorted)
        return this.#request({ range: { below, through }, limit: this.#limit });
      this.#windows ??= new IdWindows((question) => this.#request(question));
      return this.#windows.readPage(below ?? through, this.#limit);
    });
  }

  /** The user that the server saw last; undefined where it cannot say so. */
  async readLatest(): Promise<User | undefined> {
    try {
      const { users } = await this.#withFallback(() =>
        this.#request({ range: {}, limit: 1, latest: true }),
      );
      return this.#endpoint.sorted ? users[0] : undefined;
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
  async confirmEnd(last: string): Promise<boolean> {
    const { users, total } = await this.#withFallback(() =>
      this.#request({ range: { through: last }, limit: 2 }),
    );
    if (users.length > 0) return (total ?? 1) <= 1 && users.every(({ id }) => id === last);
    const top = await this.#withFallback(() => this.#request({ range: {}, limit: 1 }));
    if (top.users.length > 0) return true;
    this.#isNowEmpty = await this.confirmEmpty();
    if (!this.#isNowEmpty) throw this.#noUsersError("the server shows no users any more");
    return true;
  }

  /**
   * Whether the server says that it has no users; that it shows none does not mean so. False where no way that counts is open. Throws a TransientError
   * where it counts some.
   */
  async confirmEmpty(): Promise<boolean> {
    for (const way of userEndpoints.filter(({ totalKey }) => totalKey !== undefined)) {
      try {
        const { total } = await requestUserPage(way, this.#options, { range: {}, limit: 1 });
        if (total === 0) return true;
        if (total !== undefined)
          throw this.#noUsersError(`the server shows no users, and counts ${total}`);
      } catch (error) {
        if (!isRefusal(error)) throw error;
      }
    }
    return false;
  }

  #noUsersError(what: string): TransientError {
    return new TransientError(`app "${this.#options.app}": ${what}; run again later`);
  }

  async #request(question: UserPageRequest): Promise<UserPage> {
    const page = await requestUserPage(this.#endpoint, this.#options, question);
    this.#options.preferred.name = this.way ?? this.#options.preferred.name;
    return page;
  }

  /** Asks by one way after the other, and for less where that is too much. */
  async #withFallback(ask: () => Promise<UserPage>): Promise<UserPage> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (this.#limit > 1 && (isOverload(error) || isTooLarge(error)))
          this.#limit = Math.ceil(this.#limit / 4);
        else if (isRefusal(error)) this.#useNextEndpoint(error);
        else throw error;
      }
    }
  }

  #useNextEndpoint(error: Error): void {
    this.#refusals.push({ endpointName: this.#endpoint, error });
    const next = this.#remaining.shift();
    if (!next) throw this.#refusalError();
    this.#endpoint = next;
    this.#windows = undefined;
  }

  #refusalError(): Error {
    const reasons = this.#refusals.map(
      ({ endpointName, error }) => `${endpointName.name}: ${error.message}`,
    );
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
