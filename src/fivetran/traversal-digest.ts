import { createHash } from "node:crypto";
import { type Value, plainText } from "../core/schema.ts";
import type { Range } from "../core/source.ts";

/** A set of keys in a few bytes: their number, and the sum of their hashes. */
interface Digest {
  count: number;
  sum: number;
}

/** A `TraversalDigest` in the state. */
export interface SavedTraversal {
  /** The keys of the previous traversal: the greatest, and the digest of all. Null: unknown. */
  readonly base: readonly [top: string, count: number, sum: number] | null;
  /** The keys of the current traversal: the greatest, all, and those up to `base`'s greatest. */
  readonly shown?: readonly [
    top: string,
    count: number,
    sum: number,
    countBelowTop: number,
    sumBelowTop: number,
  ];
  /** The range that the current traversal has covered. */
  readonly covered?: Readonly<Record<string, string | number>>;
}

type End = string | number | undefined;

interface Covered {
  readonly from: End;
  readonly below: End;
}

/**
 * Tells, without storing keys, whether a complete traversal of a scope found every key of the one
 * before: its keys up to the previous greatest must have the same number and hash sum. New keys are
 * usually greater, as time-based ids are. If not, the traversal proves nothing and the table is
 * read again, but no deletion is missed.
 */
export class TraversalDigest {
  #base: (Digest & { readonly top: string }) | undefined = { ...emptyDigest(), top: "" };
  #top = "";
  #read = emptyDigest();
  #readBelowTop = emptyDigest();
  #covered: Covered | undefined;

  /** Restores what `toJSON` returned. */
  static from({ base, shown, covered }: SavedTraversal): TraversalDigest {
    const digest = new TraversalDigest();
    digest.#base = base ? { top: base[0], count: base[1], sum: base[2] } : undefined;
    // Keys that were read before any range was covered may be of any age.
    if (shown && !covered) digest.#base = undefined;
    if (!shown || !covered) return digest;
    const [top, count, sum, countBelowTop, sumBelowTop] = shown;
    digest.#top = top;
    digest.#read = { count, sum };
    digest.#readBelowTop = { count: countBelowTop, sum: sumBelowTop };
    digest.#covered = { from: covered["from"], below: covered["below"] };
    return digest;
  }

  /** Whether the scope was empty before the current traversal. */
  get wasEmpty(): boolean {
    return this.#base?.count === 0;
  }

  /** The number of keys in the current traversal. */
  get readCount(): number {
    return this.#read.count;
  }

  /** The scope's keys are unknown until the next complete traversal. */
  invalidate(): void {
    this.#base = undefined;
  }

  /** Adds a key of the current traversal. */
  add(key: string): void {
    if (!this.#base) return;
    const hash = hashOf(key);
    addHash(this.#read, hash);
    if (key > this.#top) this.#top = key;
    if (key <= this.#base.top) addHash(this.#readBelowTop, hash);
  }

  /**
   * Records that a range was listed completely. `open`: the traversal continues; `proven`: it is
   * over and found every earlier key; `unproven`: it is over, and keys may be missing. `again`: the
   * range was listed before in this sync.
   */
  sweep(range: Range | undefined, again: boolean): "open" | "proven" | "unproven" {
    this.#cover(range, again);
    const { from, below } = this.#covered ?? {};
    if (from !== undefined || below !== undefined) return "open";
    const base = this.#base;
    const isProven =
      base?.count === this.#readBelowTop.count && base.sum === this.#readBelowTop.sum;
    this.#base = { top: this.#top, ...this.#read };
    this.#restart();
    return isProven ? "proven" : "unproven";
  }

  /** Whether the traversal that just ended found no keys. */
  get isEmpty(): boolean {
    return this.#base?.count === 0 && this.#read.count === 0;
  }

  /** For the state. */
  toJSON(): SavedTraversal {
    const base = this.#base;
    if (!base) return { base: null };
    const { count, sum } = this.#read;
    const saved = { base: [base.top, base.count, base.sum] as const };
    if (count === 0 && !this.#covered) return saved;
    const shown = [
      this.#top,
      count,
      sum,
      this.#readBelowTop.count,
      this.#readBelowTop.sum,
    ] as const;
    const { from, below } = this.#covered ?? {};
    const ends = {
      ...(from === undefined ? {} : { from }),
      ...(below === undefined ? {} : { below }),
    };
    return { ...saved, shown, ...(this.#covered ? { covered: ends } : {}) };
  }

  /**
   * Extends the covered range by an adjacent one. Any other range starts a new traversal, which
   * invalidates what is known from before.
   */
  #cover(range: Range | undefined, again: boolean): void {
    const [from, below] = [endOf(range?.from), endOf(range?.below)];
    const covered = this.#covered;
    if (covered && below !== undefined && below === covered.from)
      this.#covered = { from, below: covered.below };
    else if (covered && from !== undefined && from === covered.below)
      this.#covered = { from: covered.from, below };
    else {
      if (covered || again) this.invalidate();
      this.#covered = { from, below };
    }
  }

  #restart(): void {
    this.#top = "";
    this.#read = emptyDigest();
    this.#readBelowTop = emptyDigest();
    this.#covered = undefined;
  }
}

function emptyDigest(): Digest {
  return { count: 0, sum: 0 };
}

/** Sums of 48-bit hashes stay exact in a double, which JSON numbers are. */
const modulus = 2 ** 48;

function hashOf(key: string): number {
  return createHash("sha1").update(key).digest().readUIntBE(0, 6);
}

function addHash(digest: Digest, hash: number): void {
  digest.count += 1;
  digest.sum = (digest.sum + hash) % modulus;
}

function endOf(value: Value): End {
  if (value == null) return undefined;
  return typeof value === "number" ? value : plainText(value);
}
