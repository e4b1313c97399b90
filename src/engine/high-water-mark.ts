import type { Checkpoint, QuarantinedEntry } from "../core/source.ts";
import { toTimestamp } from "../core/timestamp.ts";
import { sinceQuarantined } from "./read-again.ts";

/** How a high-water mark advances. */
export interface MarkOptions {
  /**
   * `ascending` if the service returns rows in cursor order, so that each page is safe to resume
   * from.
   */
  readonly order: "ascending" | "any";
  /** How far before the mark to start reading again. */
  readonly lookbackMs: number;
  /**
   * When the sync began. The mark never passes it: rows that change later may not be visible yet.
   */
  readonly startedAt: Date;
  /** What is in quarantine (`ReadOptions.quarantined`): reading starts no later than there. */
  readonly quarantined?: readonly QuarantinedEntry[] | undefined;
  /** The column with the cursor, to find what is in quarantine. */
  readonly column?: string;
}

/**
 * The greatest cursor value that is known to be safe to resume from.
 *
 * In ascending order the mark advances with every page; otherwise only at the end of the listing,
 * because a row with a smaller cursor may still follow. Timestamps are compared as fixed-width UTC
 * text, not as the service spelled them.
 */
export class HighWaterMark {
  readonly #options: MarkOptions;
  readonly #limit: string;
  #since: string | undefined;
  #seen: string | undefined;

  constructor(checkpoint: Checkpoint | undefined, options: MarkOptions) {
    this.#options = options;
    this.#limit = toTimestamp(options.startedAt.toISOString()) ?? "";
    const since = checkpoint?.["since"];
    this.#since = typeof since === "string" ? toTimestamp(since) : undefined;
    this.#seen = this.#since;
  }

  /**
   * Where to start reading: the mark, or what is in quarantine before it, minus the lookback,
   * inclusive. Undefined: read everything.
   */
  /** Whether any row had a timestamp, in this sync or before. */
  get isSet(): boolean {
    return this.#since !== undefined;
  }

  get since(): string | undefined {
    if (this.#since === undefined) return undefined;
    const { quarantined = [], column = "", lookbackMs } = this.#options;
    const start = sinceQuarantined(this.#since, quarantined, [column]);
    if (start === undefined) return undefined;
    const instant = new Date(start).getTime() - lookbackMs;
    return toTimestamp(new Date(instant).toISOString());
  }

  /**
   * Advances over the page's cursors, ignoring values that are not timestamps. Returns the
   * checkpoint to save, undefined unless the order is `ascending` and the mark moved.
   */
  page(cursors: Iterable<string | null | undefined>): Checkpoint | undefined {
    for (const cursor of cursors) {
      const instant = cursor == null ? undefined : toTimestamp(cursor);
      if (instant === undefined || (this.#seen !== undefined && instant <= this.#seen)) continue;
      this.#seen = instant < this.#limit ? instant : this.#limit;
    }
    return this.#options.order === "ascending" ? this.end() : undefined;
  }

  /** The checkpoint to save after a complete listing; undefined if the mark did not move. */
  end(): Checkpoint | undefined {
    if (this.#seen === undefined || this.#seen === this.#since) return undefined;
    this.#since = this.#seen;
    return { since: this.#since };
  }
}
