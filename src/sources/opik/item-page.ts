import type { Checkpoint } from "../../core/source.ts";
import type { Page } from "../../http/paging/page.ts";

/** A page of a dataset's items, as the JSON text that the service sent. */
export interface ItemPage extends Pick<Page, "rows" | "bytes" | "number" | "unreadable"> {
  /** Where a listing resumes after this page. */
  readonly resume: Checkpoint;
}

/** One listing of a dataset's items, page by page. */
export interface ItemListing extends AsyncIterable<ItemPage> {
  /** Whether the finished listing contained every item, given how many distinct ones it had. */
  isComplete(distinct: number): Promise<boolean>;
}
