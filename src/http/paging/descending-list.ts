import type { List, Page } from "./page.ts";
import type { PageByteLimits } from "./page-size.ts";

/** A position in a list whose ids descend. Saved in checkpoints. */
export interface DescendingPosition {
  /** The number of rows before it. */
  readonly offset: number;
  /** The id of the last row before it. */
  readonly below: string;
}

/** A list that is read by page number and size, and is ordered by a descending `id`. */
export interface DescendingList extends List, PageByteLimits {
  /** Rows per page, at most; 2 or more. */
  readonly size: number;
  /** How many rows there are, if that is known: the service may count fewer in its answers. */
  readonly expected?: number | undefined;
  /** Where to start: the `next` of a page read earlier. */
  readonly from?: DescendingPosition | undefined;
}

/** A page without the rows that an earlier page had. */
export interface DescendingPage extends Page {
  /** Whether nothing can be missing from the start of the list to the page's last row. */
  readonly isProven: boolean;
  /** Where the next page starts; undefined if rows may be missing before it. */
  readonly next: DescendingPosition | undefined;
  /** If `unreadable` says why a row could not be read: the number of rows before it. */
  readonly unreadableAt?: number;
}

/** One traversal of a list, from its start or a position to its end. */
export interface DescendingPages extends AsyncIterable<DescendingPage> {
  /** Whether the end was reached and nothing can be missing. */
  readonly isWhole: boolean;
  /** The number of rows in the list, by the latest answer that said it. */
  readonly total: number | undefined;
}
