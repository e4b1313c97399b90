/** What a Countly server does to its clients; every member may be changed while the server runs. */
export interface CountlyFaults {
  /** Lets so many requests pass, refuses so many with 429 and no word on how long to wait, and begins again. */
  rateLimit?: { readonly allow: number; readonly refuse: number };
  /** Milliseconds before each answer. */
  latencyMs?: number;
  /** The key counts in the query of the URL only; in a form it is not seen. */
  keyInUrlOnly?: boolean;
  /** The most rows that `/o/export/db` sends where a limit was asked for (default: 10,000, which is `api.export_limit`). */
  exportLimit?: number;
  /** The most rows of any page of users, and of any list of a gateway, whatever was asked for. */
  pageSizeCap?: number;
  /** The app whose users cannot be read: with this status, or with a word on it for the users and status 200. */
  brokenApp?: { readonly app: string; readonly status?: number };
  /** `/o/export/db` meets an error of the database after so many rows, if more were to come; the status is 200 and the array is closed all the same. After 0 rows it looks like the page that ends a walk. */
  truncateExport?: { readonly afterRows: number };
  /** `skip` and `iDisplayStart` are taken for 0, so that every page is the first one. */
  ignoreSkip?: boolean;
  /** Conditions on `_id` are not looked at, so that every keyset page is the first one. */
  ignoreKeyset?: boolean;
  /** `/o?method=user_details` answers `{"task_id":…}`; the task is running when it is asked for so many times, and completed, or failed, after that. */
  task?: { readonly polls: number; readonly fails?: boolean };
  /** The only members that the rows of `/o?method=user_details` have (default: all of the document). */
  userDetailsMembers?: readonly string[];
  /** The database fails behind a server that runs: empty maps of apps with 200, no app exists, no collection has rows. */
  failingDatabase?: boolean;
  /** What is switched off or not there yet: its path is an invalid one. */
  missingFeatures?: readonly Feature[];
  /** Called when a page of app users has been put together, before it is sent: what it changes is in the next one. */
  onPage?: (page: UserPage) => void;
}

/** A part that a server may lack. */
export type Feature = "export" | "compliance-hub" | "dbviewer" | "users" | "groups";

export interface UserPage {
  /** Such as `/o/export/db`. */
  readonly path: string;
  /** The id of the app. */
  readonly app: string;
  readonly rows: number;
}

/** Counts requests against `traps.rateLimit`. */
export class RateLimit {
  readonly #traps: CountlyFaults;
  #seen = 0;

  constructor(traps: CountlyFaults) {
    this.#traps = traps;
  }

  /** Takes one request and says whether it is refused. */
  refusesNext(): boolean {
    const limit = this.#traps.rateLimit;
    if (!limit) return false;
    return this.#seen++ % (limit.allow + limit.refuse) >= limit.allow;
  }
}
