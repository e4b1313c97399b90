import { createHash } from "node:crypto";
import type { Value } from "../core/schema.ts";
import type { Range } from "../core/source.ts";

/** A set of keys in a few bytes: how many they are, and the sum of their hashes. */
interface Digest {
  count: number;
  sum: number;
}

/** What is saved of a walk's digest. */
export interface SavedTraversal {
  /** What stood before: the greatest of its keys, and the digest of all. Null where nobody knows. */
  readonly base: readonly [top: string, count: number, sum: number] | null;
  /** What a walk that is not over has shown: its greatest key, all, and those up to the greatest of before. */
  readonly shown?: readonly [
    top: string,
    count: number,
    sum: number,
    known: number,
    knownSum: number,
  ];
  /** The part of the table that the walk has shown. */
  readonly covered?: Readonly<Record<string, string | number>>;
}

type End = string | number | undefined;

interface Covered {
  readonly from: End;
  readonly below: End;
}

/**
 * Knows without the keys whether a complete walk through a part of a table has shown all that was there before: those of its keys that are not
 * greater than the greatest of before must be as many, and have the same hashes. New keys are usually greater (ids that begin with the
 * time); where they are not, the walk proves nothing, which costs time, but never a row.
 */
export class TraversalDigest {
  #base: (Digest & { readonly top: string }) | undefined = { ...emptyDigest(), top: "" };
  #top = "";
  #shown = emptyDigest();
  #known = emptyDigest();
  #covered: Covered | undefined;

  static from({ base, shown: seenCount, covered }: SavedTraversal): TraversalDigest {
    const walk = new TraversalDigest();
    walk.#base = base ? { top: base[0], count: base[1], sum: base[2] } : undefined;
    // What was shown outside of a walk may be of any age.
    if (seenCount && !covered) walk.#base = undefined;
    if (!seenCount || !covered) return walk;
    const [top, count, sum, known, knownSum] = seenCount;
    walk.#top = top;
    walk.#shown = { count, sum };
    walk.#known = { count: known, sum: knownSum };
    walk.#covered = { from: covered["from"], below: covered["below"] };
    return walk;
  }

  /** Whether nothing stood there before the walk that is under way. */
  get wasEmpty(): boolean {
    return this.#base?.count === 0;
  }

  /** How many keys the walk that is under way has shown. */
  get shown(): number {
    return this.#shown.count;
  }

  /** Nobody knows any more what stands there. */
  forget(): void {
    this.#base = undefined;
  }

  add(key: string): void {
    if (!this.#base) return;
    const hash = hashOf(key);
    addHash(this.#shown, hash);
    if (key > this.#top) this.#top = key;
    if (key <= this.#base.top) addHash(this.#known, hash);
  }

  /** What a sweep of this range says: the walk goes on, or it is over, and it has shown all that was there before, or that is not certain. */
  sweep(range: Range | undefined, again: boolean): "open" | "proven" | "unproven" {
    this.#cover(range, again);
    const { from, below } = this.#covered ?? {};
    if (from !== undefined || below !== undefined) return "open";
    const base = this.#base;
    const isProven = base?.count === this.#known.count && base.sum === this.#known.sum;
    this.#base = { top: this.#top, ...this.#shown };
    this.#restart();
    return isProven ? "proven" : "unproven";
  }

  /** Whether the walk that has just ended found nothing at all. */
  get isEmpty(): boolean {
    return this.#base?.count === 0 && this.#shown.count === 0;
  }

  toJSON(): SavedTraversal {
    const base = this.#base;
    if (!base) return { base: null };
    const { count, sum } = this.#shown;
    const saved = { base: [base.top, base.count, base.sum] as const };
    if (count === 0 && !this.#covered) return saved;
    const shown = [this.#top, count, sum, this.#known.count, this.#known.sum] as const;
    const { from, below } = this.#covered ?? {};
    const ends = {
      ...(from === undefined ? {} : { from }),
      ...(below === undefined ? {} : { below }),
    };
    return { ...saved, shown, ...(this.#covered ? { covered: ends } : {}) };
  }

  /** Adds a range that begins where the last one ended; any other begins a new walk, and what was shown before it is anybody's guess. */
  #cover(range: Range | undefined, again: boolean): void {
    const [from, below] = [endOf(range?.from), endOf(range?.below)];
    const covered = this.#covered;
    if (covered && below !== undefined && below === covered.from)
      this.#covered = { from, below: covered.below };
    else if (covered && from !== undefined && from === covered.below)
      this.#covered = { from: covered.from, below };
    else {
      if (covered || again) this.forget();
      this.#covered = { from, below };
    }
  }

  #restart(): void {
    this.#top = "";
    this.#shown = emptyDigest();
    this.#known = emptyDigest();
    this.#covered = undefined;
  }
}

function emptyDigest(): Digest {
  return { count: 0, sum: 0 };
}

/** A number that JSON can hold has room for 48 bits and a carry. */
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
  return typeof value === "number" ? value : String(value);
}
