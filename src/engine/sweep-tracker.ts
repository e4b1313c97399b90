import type { Sweep } from "../core/source.ts";

/** How far a walk in order has come. */
export interface TraversalPosition {
  readonly below: string;
  readonly keys: number;
}

export interface SweepTrackerOptions {
  /** The column that is the primary key. */
  readonly key: string;
  /** Only rows with these values are walked. */
  readonly where?: Readonly<Record<string, string>>;
  /** Where an interrupted walk goes on: the last key that it had shown, and how many they were. */
  readonly resume?: TraversalPosition | undefined;
  /** Whether the same part was walked before in this sync. */
  readonly again?: boolean;
}

/**
 * Says, page by page, which part of a table a walk has shown completely, so that what else stands there is gone at the source.
 *
 * While keys come in strictly descending order (as UUIDv7 pages do), each page clears its own range: constant memory, and a walk can be resumed in
 * the middle. Once the order breaks, keys are collected and the rest is cleared at the end; an earlier range that a late key belongs to
 * needs no repair, because the late row is upserted and thereby stands again.
 */
export class SweepTracker {
  readonly #options: Pick<Sweep, "where" | "again">;
  readonly #key: string;
  /** The last key of the pages that were cleared; undefined before the first. */
  #below: string | undefined;
  /** Keys since the order broke. */
  #unordered: Set<string> | undefined;
  /** How many keys came in order. */
  #ordered: number;
  #blind = false;

  constructor({ key, resume: position, ...options }: SweepTrackerOptions) {
    this.#options = options;
    this.#key = key;
    this.#below = position?.below;
    this.#ordered = position?.keys ?? 0;
  }

  /** Something of the part could not be seen: from here on, what is not shown may be there all the same. */
  markIncomplete(): void {
    this.#blind = true;
  }

  get isIncomplete(): boolean {
    return this.#blind;
  }

  /** Where to resume: the last key whose page was cleared. Undefined where the order broke, and only a new walk can be complete. */
  get resume(): TraversalPosition | undefined {
    if (this.#unordered || this.#blind || this.#below === undefined) return undefined;
    return { below: this.#below, keys: this.#ordered };
  }

  /** How many different keys were shown, at least: those that came after the order broke may have been shown before. */
  get distinctKeys(): number {
    const late = [...(this.#unordered ?? [])];
    const { length } = late.filter((key) => this.#below === undefined || key < this.#below);
    return this.#ordered + length;
  }

  /** What the page with these keys, in the order of the service, clears. */
  addPage(keys: readonly string[]): Sweep | undefined {
    if (keys.length === 0 || this.#blind) return undefined;
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

  /** What the end of a complete walk clears: all that is left. Not to be asked of a blind one. */
  finish(): Sweep {
    return this.#sweep([...(this.#unordered ?? [])]);
  }

  #continues(keys: readonly string[]): boolean {
    let before = this.#below;
    for (const key of keys) {
      if (!printableAscii.test(key) || (before !== undefined && key >= before)) return false;
      before = key;
    }
    return true;
  }

  #sweep(keys: readonly string[], through?: string): Sweep {
    const range = {
      column: this.#key,
      ...(this.#below === undefined ? {} : { below: this.#below }),
      ...(through === undefined ? {} : { from: through }),
    };
    return { ...this.#options, range, keys: keys.map((key) => [key]) };
  }
}

/** Keys of which the order of bytes, by which databases sweep, is that of the text. */
const printableAscii = /^[\x20-\x7e]*$/;

/** A key is a slice that would keep the text of its whole row; putting two together makes a text of its own. */
function detachedCopy(key: string): string {
  return ` ${key}`.slice(1);
}
