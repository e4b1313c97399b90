import type { RateLimitFault } from "../rate-limit.ts";

/** Faults that a Countly emulator can show. Any member may be changed while the server runs. */
export interface CountlyFaults {
  /** Rejects some of the requests with 429, without `Retry-After`. */
  rateLimit?: RateLimitFault;
  /** Delay before each response. */
  latencyMs?: number;
  /** Accepts the key only in the URL's query, not in a form. */
  keyInUrlOnly?: boolean;
  /**
   * The server's `api.export_limit`: maximum rows of `/o/export/db` with a limit (default 10,000).
   */
  exportLimit?: number;
  /** Maximum rows in a page of users, or in any list of a gateway, whatever was requested. */
  pageSizeCap?: number;
  /**
   * The users of this app cannot be read: requests fail with this status (default: an error in a
   * 200).
   */
  brokenApp?: { readonly app: string; readonly status?: number };
  /**
   * `/o/export/db` hits a database error after this many rows, if there are more. The status is 200
   * and the array is closed; after 0 rows it looks like the last page of a listing.
   */
  truncateExport?: { readonly afterRows: number };
  /** Ignores `skip` and `iDisplayStart`, so that every page is the first one. */
  ignoreSkip?: boolean;
  /** Ignores conditions on `_id`, so that every keyset page is the first one. */
  ignoreKeyset?: boolean;
  /**
   * `/o?method=user_details` answers `{"task_id":…}`. The task is still running for this many
   * polls, and then completed or failed.
   */
  task?: { readonly polls: number; readonly fails?: boolean };
  /** The members of the rows of `/o?method=user_details` (default: the whole document). */
  userDetailsMembers?: readonly string[];
  /**
   * The database is down but the server is not: lists of apps and collections are empty, with 200.
   */
  failingDatabase?: boolean;
  /** Features that are disabled or not installed: their paths are invalid. */
  missingFeatures?: readonly Feature[];
  /**
   * Called when a page of app users is complete, before it is sent: its changes show in the next
   * one.
   */
  onPage?: (page: UserPage) => void;
}

/** A feature that a server may lack. */
export type Feature = "export" | "compliance-hub" | "dbviewer" | "users" | "groups";

/** A page of app users that is about to be sent. */
interface UserPage {
  /** Such as `/o/export/db`. */
  readonly path: string;
  /** The app's id. */
  readonly app: string;
  readonly rows: number;
}
