import { ConfigError, SourceError, TransientError } from "../../../core/errors.ts";
import { isOverload, isTooLarge, statusOf } from "../../../http/http-error.ts";
import { IdWindows } from "./id-windows.ts";
import { userEndpoints, type UserEndpoint } from "./user-endpoints.ts";
import {
  requestUserPage,
  type User,
  type UserPage,
  type UserPageContext,
  type UserPageRequest,
} from "./user-page.ts";
import type { IdRange } from "./user-query.ts";

/** The endpoint that last worked for any app, tried first for the next one. */
export interface PreferredEndpoint {
  name: string | undefined;
}

interface UserReaderOptions extends UserPageContext {
  /** Name of the endpoint from which an earlier sync read this app. */
  readonly savedEndpoint: string | undefined;
  /** Shared by all apps; updated by this reader. */
  readonly preferred: PreferredEndpoint;
  /** Maximum users per request. */
  readonly limit: number;
}

/**
 * Reads the users of one app in descending order of their ids, from the best endpoint that the key
 * may use. If that one refuses, it continues with the next.
 */
export class UserReader {
  readonly #options: UserReaderOptions;
  readonly #remaining: UserEndpoint[];
  readonly #refusals: { readonly endpoint: UserEndpoint; readonly error: Error }[] = [];
  #endpoint: UserEndpoint;
  #windows: IdWindows | undefined;
  #limit: number;
  #isNowEmpty = false;

  constructor(options: UserReaderOptions) {
    const first = options.savedEndpoint ?? options.preferred.name;
    const [endpoint, ...remaining] = [...userEndpoints].sort(
      (a, b) => Number(b.name === first) - Number(a.name === first),
    );
    if (!endpoint) throw new Error("there is no endpoint to read users from");
    this.#options = options;
    this.#endpoint = endpoint;
    this.#remaining = remaining;
    this.#limit = options.limit;
  }

  /** The name of the endpoint in use, to save; undefined if it is the last resort. */
  get endpointName(): string | undefined {
    return this.#endpoint.isLastResort === true ? undefined : this.#endpoint.name;
  }

  /** Whether the endpoint sorts the users; otherwise they are read in windows of ids. */
  get sorted(): boolean {
    return this.#endpoint.sorted;
  }

  /** Whether `confirmEnd` found that the server has no users any more. */
  get isNowEmpty(): boolean {
    return this.#isNowEmpty;
  }

  /** The users with the highest ids in the range; none only if the server sends none. */
  readPage({ below, through }: Omit<IdRange, "from">): Promise<UserPage> {
    return this.#withFallback(() => {
      if (this.#endpoint.sorted)
        return this.#request({ range: { below, through }, limit: this.#limit });
      this.#windows ??= new IdWindows((request) => this.#request(request));
      return this.#windows.readPage(below ?? through, this.#limit);
    });
  }

  /** The most recently active user; undefined if the server cannot tell. */
  async readLatest(): Promise<User | undefined> {
    try {
      const { users } = await this.#withFallback(() =>
        this.#request({ range: {}, limit: 1, latest: true }),
      );
      return this.#endpoint.sorted ? users[0] : undefined;
    } catch (error) {
      // Without an index on `last_sync`, this is more work for the server than a page.
      if (isOverload(error)) return undefined;
      throw error;
    }
  }

  /**
   * Whether no users exist below the last one read. A failing database sends none at all, so the
   * server must either send that user again or count no users. Throws a TransientError if it does
   * neither.
   */
  async confirmEnd(last: string): Promise<boolean> {
    const { users, total } = await this.#withFallback(() =>
      this.#request({ range: { through: last }, limit: 2 }),
    );
    if (users.length > 0) return (total ?? 1) <= 1 && users.every(({ id }) => id === last);
    const top = await this.#withFallback(() => this.#request({ range: {}, limit: 1 }));
    if (top.users.length > 0) return true;
    this.#isNowEmpty = await this.confirmEmpty();
    if (!this.#isNowEmpty) throw this.#noUsersError("the server no longer sends any users");
    return true;
  }

  /**
   * Whether the server counts no users; that it sends none proves nothing. False if the key may
   * use no endpoint that counts. Throws a TransientError if the server counts some.
   */
  async confirmEmpty(): Promise<boolean> {
    for (const endpoint of userEndpoints.filter(({ totalKey }) => totalKey !== undefined)) {
      try {
        const { total } = await requestUserPage(endpoint, this.#options, { range: {}, limit: 1 });
        if (total === 0) return true;
        if (total !== undefined)
          throw this.#noUsersError(`the server sends no users but counts ${total}`);
      } catch (error) {
        if (!isRefusal(error)) throw error;
      }
    }
    return false;
  }

  #noUsersError(what: string): TransientError {
    return new TransientError(`app "${this.#options.app}": ${what}; run again later`);
  }

  async #request(request: UserPageRequest): Promise<UserPage> {
    const page = await requestUserPage(this.#endpoint, this.#options, request);
    this.#options.preferred.name = this.endpointName ?? this.#options.preferred.name;
    return page;
  }

  /**
   * Retries with smaller pages if the server is overloaded, and with the next endpoint if
   * refused.
   */
  async #withFallback(request: () => Promise<UserPage>): Promise<UserPage> {
    for (;;) {
      try {
        return await request();
      } catch (error) {
        if (this.#limit > 1 && (isOverload(error) || isTooLarge(error)))
          this.#limit = Math.ceil(this.#limit / 4);
        else if (isRefusal(error)) this.#useNextEndpoint(error);
        else throw error;
      }
    }
  }

  #useNextEndpoint(error: Error): void {
    this.#refusals.push({ endpoint: this.#endpoint, error });
    const next = this.#remaining.shift();
    if (!next) throw this.#refusalError();
    this.#endpoint = next;
    this.#windows = undefined;
  }

  #refusalError(): Error {
    const reasons = this.#refusals.map(
      ({ endpoint, error }) => `${endpoint.name}: ${error.message}`,
    );
    const what = `app "${this.#options.app}": no endpoint lists its users`;
    const options = { cause: this.#refusals[0]?.error };
    if (this.#refusals.every(({ error }) => statusOf(error) !== undefined)) {
      const remedy = "let the key read the users of the app, or remove it from countly.app_id";
      return new ConfigError(`${what}; ${remedy} (${reasons.join("; ")})`, options);
    }
    return new SourceError(`${what} (${reasons.join("; ")})`, options);
  }
}

/** Whether an endpoint is closed to the key, or sends something unexpected: try the next one. */
function isRefusal(error: unknown): error is Error {
  const status = statusOf(error) ?? 0;
  return error instanceof SourceError || (error instanceof ConfigError && status >= 400);
}
