import type { Key } from "../core/schema.ts";
import type { Sweep } from "../core/source.ts";

/** How far a traversal in descending key order has come. Saved in checkpoints. */
export interface TraversalPosition {
  /** The last key read; the next ones are below it. */
  readonly below: string;
  /** The number of keys read so far. */
  readonly keys: number;
}

interface SweepTrackerOptions {
  /** The column whose values are tracked. */
  readonly key: string;
  /** Default: `key` alone. Its other columns must be in `where`. */
  readonly primaryKey?: readonly string[];
  /** The traversal only covers rows with these values. */
  readonly where?: Readonly<Record<string, string>>;
  /** Where to continue an interrupted traversal. */
  readonly resume?: TraversalPosition | undefined;
  /** The same rows were read before in this sync. */
  readonly again?: boolean;
}

/**
 * Tracks a traversal page by page and derives sweeps from it: ranges of the table that were listed
 * completely, so that other stored rows in them are deleted at the source.
 *
 * While keys come in strictly descending order (as pages by UUIDv7 do), each page sweeps its own
 * range: memory is constant, and the traversal can be resumed anywhere. Once the order breaks, keys
 * are collected and the rest is swept at the end. If a late key belongs to a range that was already
 * swept, no repair is needed: upserting its row restores it.
 */
export class SweepTracker {
  readonly #options: Pick<Sweep, "where" | "again">;
  readonly #key: string;
  readonly #primaryKey: readonly string[];
  /** The last key that was swept; undefined before the first page. */
  #below: string | undefined;
  /** Keys since the order broke. */
  #unordered: Set<string> | undefined;
  /** The number of keys before the order broke. */
  #ordered: number;
  #incomplete = false;

  constructor({ key, primaryKey = [key], resume, ...options }: SweepTrackerOptions) {
    this.#options = options;
    this.#key = key;
    this.#primaryKey = primaryKey;
    this.#below = resume?.below;
    this.#ordered = resume?.keys ?? 0;
  }

  /**
   * From here on, only a sweep at the end: something may be missing from the pages, until the whole
   * traversal is proven.
   */
  collect(): void {
    this.#unordered ??= new Set();
  }

  /** Marks the traversal incomplete: no further sweeps, because an unseen row may exist. */
  markIncomplete(): void {
    this.#incomplete = true;
  }

  get isIncomplete(): boolean {
    return this.#incomplete;
  }

  /** Where to resume. Undefined once the order broke: then only a new traversal can be complete. */
  get resume(): TraversalPosition | undefined {
    if (this.#unordered || this.#incomplete || this.#below === undefined) return undefined;
    return { below: this.#below, keys: this.#ordered };
  }

  /** A lower bound of the number of distinct keys: late keys may have been seen before. */
  get distinctKeys(): number {
    const late = [...(this.#unordered ?? [])];
    const { length } = late.filter((key) => this.#below === undefined || key < this.#below);
    return this.#ordered + length;
  }

  /** Adds a page's keys in the order of the service; returns the sweep of its range, if any. */
  addPage(keys: readonly string[]): Sweep | undefined {
    if (keys.length === 0 || this.#incomplete) return undefined;
    if (!this.#unordered && !this.#continues(keys)) this.#unordered = new Set();
    if (this.#unordered) {
      for (const key of keys) this.#unordered.add(detachedCopy(key));
      return undefined;
    }
    const last = keys.at(-1) ?? "";
    const sweep = this.#sweep(keys, last);
    this.#below = last;
    this.#ordered += keys.length;
    return sweep;
  }

  /** The sweep of everything that is left, after a complete traversal. */
  finish(): Sweep {
    return this.#sweep([...(this.#unordered ?? [])]);
  }

  #continues(keys: readonly string[]): boolean {
    let previous = this.#below;
    for (const key of keys) {
      if (!printableAscii.test(key) || (previous !== undefined && key >= previous)) return false;
      previous = key;
    }
    return true;
  }

  #sweep(keys: readonly string[], from?: string): Sweep {
    const range = {
      column: this.#key,
      ...(this.#below === undefined ? {} : { below: this.#below }),
      ...(from === undefined ? {} : { from }),
    };
    return { ...this.#options, range, keys: keys.map((key) => this.#primaryKeyOf(key)) };
  }

  #primaryKeyOf(key: string): Key {
    const { where = {} } = this.#options;
    return this.#primaryKey.map((column) => (column === this.#key ? key : where[column]));
  }
}

/** Only these keys compare in JavaScript as they do in databases, which compare bytes. */
const printableAscii = /^[\x20-\x7e]*$/;

/** A key is a slice and would keep the text of its whole row in memory; concatenating copies it. */
function detachedCopy(key: string): string {
  return ` ${key}`.slice(1);
}
