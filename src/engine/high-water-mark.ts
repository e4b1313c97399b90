import type { Checkpoint } from "../core/source.ts";
import { toTimestamp } from "../core/timestamp.ts";

export interface MarkOptions {
  /** Ascending: the service promises rows in the order of the cursor, so that every page is safe to resume from. */
  readonly order: "ascending" | "any";
  /** How far behind the mark to read again. */
  readonly lookbackMs: number;
  /** When the sync began: rows that change later may still be out of sight, so the mark stays at or before it. */
  readonly startedAt: Date;
}

/**
 * The greatest cursor value known safe to resume from.
 *
 * In ascending order the mark advances with every page; in any other order only once the walk has ended, because a row
 * with a smaller cursor may still come. Instants are compared as fixed-width UTC text, never as the service spelled them.
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

  /** The instant to ask for, inclusive: the mark less the lookback. Undefined: everything. */
  get since(): string | undefined {
    if (this.#since === undefined) return undefined;
    const instant = new Date(this.#since).getTime() - this.#options.lookbackMs;
    return toTimestamp(new Date(instant).toISOString());
  }

  /** Takes note of a page's cursor values; the checkpoint that the page earns, if any. Values that are no instants do not move it. */
  page(cursors: Iterable<string | null | undefined>): Checkpoint | undefined {
    for (const cursor of cursors) {
      const instant = cursor == null ? undefined : toTimestamp(cursor);
      if (instant === undefined || (this.#seen !== undefined && instant <= this.#seen)) continue;
      this.#seen = instant < this.#limit ? instant : this.#limit;
    }
    return this.#options.order === "ascending" ? this.end() : undefined;
  }

  /** The checkpoint that a complete walk has earned; undefined where the mark did not move. */
  end(): Checkpoint | undefined {
    if (this.#seen === undefined || this.#seen === this.#since) return undefined;
    this.#since = this.#seen;
    return { since: this.#since };
  }
}
