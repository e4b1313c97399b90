import type { Page } from "../../connector/api.ts";
import type { Checkpoint } from "../../core/source.ts";

/** Some items of a dataset, as the service spelled them. */
export interface ItemPage extends Pick<Page, "rows" | "bytes" | "number" | "unreadable"> {
  /** From where the next walk goes on after this page. */
  readonly resume: Checkpoint;
}

/** One walk through the items of a dataset. */
export interface ItemListing extends AsyncIterable<ItemPage> {
  /** Whether the walk, which has ended, has shown every item, with so many different ones. */
  isComplete(distinct: number): Promise<boolean>;
}
