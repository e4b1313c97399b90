/** Something that a service lists: a run, a trace, a dataset. */
export interface ListedItem {
  readonly id: string;
  /**
   * When it was created, which never changes, as fixed-width UTC text: text order is time order.
   */
  readonly created: string;
}

/** Items by their creation: `from` inclusive, `below` exclusive; an absent end is open. */
export interface CreationRange {
  readonly from?: string;
  readonly below?: string;
}

/** Items by their creation, and by their last activity. */
export interface ItemRange extends CreationRange {
  /** Last active at this instant or later. */
  readonly activeFrom?: string;
  /** Last active before this instant. */
  readonly activeBelow?: string;
  /** In any of these ranges, each with one end. */
  readonly anyOf?: readonly ItemRange[];
}

/** Which items to show, of those that match the configured filters. */
export interface ListingQuestion extends ItemRange {
  /** Only items with these ids. */
  readonly named?: readonly string[];
  /** No items with these ids. */
  readonly notNamed?: readonly string[];
  /** How many to show; by default as many as the service can. */
  readonly first?: number;
  /** The cursor of an answer to the same question. */
  readonly after?: string;
  /** Ranges whose items the same answer counts. */
  readonly counts?: readonly ItemRange[];
  /** Whether the same answer also shows the newest item. */
  readonly newest?: boolean;
}

/** An answer: all of it is from one moment. */
export interface ListingAnswer<Item extends ListedItem> {
  /** In ascending order of creation, if the service honours the order. */
  readonly items: readonly Item[];
  readonly hasNext: boolean;
  readonly cursor: string | undefined;
  /** The requested counts; undefined if the service does not count. */
  readonly counts: readonly number[] | undefined;
  /** When the newest item was created. */
  readonly newest: string | undefined;
  /** When the service answered, by its own clock, in milliseconds since 1970. */
  readonly date: number;
}

/** Answers questions about a list of items. */
export interface ListingService<Item extends ListedItem> {
  ask(question: ListingQuestion): Promise<ListingAnswer<Item>>;
}

/** Why a listing cannot be proven to be complete. */
export class UnprovenError extends Error {
  override readonly name = "UnprovenError";
}
