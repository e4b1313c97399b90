import type { Range } from "../core/source.ts";
import { type SavedTraversal, TraversalDigest } from "./traversal-digest.ts";

/** A `ScopeKeys` in the state. */
export interface SavedScope {
  /** Keys as JSON text, unless there were too many. */
  readonly keys?: readonly string[];
  /** The digest of the traversals. */
  readonly walk?: SavedTraversal;
}

/** What quoting adds to a key in the state, and about how long a digest is there. */
const [quotes, digestSize] = [8, 150];

/**
 * The keys that the destination may hold in one scope: the keys themselves while they fit into the
 * state, else a digest that detects deletions without naming them.
 */
export class ScopeKeys {
  #keys: Set<string> | undefined = new Set();
  #digest = new TraversalDigest();
  #characters = 0;
  #isFresh = true;

  /** Restores what `toJSON` returned. */
  static from({ keys, walk = { base: null } }: SavedScope): ScopeKeys {
    const scopeKeys = new ScopeKeys();
    scopeKeys.#isFresh = false;
    scopeKeys.#digest = TraversalDigest.from(walk);
    scopeKeys.#keys = keys && new Set(keys);
    for (const key of keys ?? []) scopeKeys.#characters += key.length;
    // Some keys were announced, but their checkpoint never followed.
    const { wasEmpty, readCount } = scopeKeys.#digest;
    if (wasEmpty && (keys?.length ?? 0) > readCount) scopeKeys.#digest.invalidate();
    return scopeKeys;
  }

  /** The total length of the keys. */
  get characters(): number {
    return this.#characters;
  }

  /** The keys as JSON text; undefined if there were too many. */
  get keys(): ReadonlySet<string> | undefined {
    return this.#keys;
  }

  /** Whether the destination has no row of the scope. */
  get isEmpty(): boolean {
    return this.#keys ? this.#keys.size === 0 : this.#digest.isEmpty;
  }

  /** Whether the state had nothing of the scope before this read, so that all keys are current. */
  get isFresh(): boolean {
    return this.#isFresh;
  }

  /** Whether the scope was empty before the current traversal, so that all keys are from it. */
  get isNew(): boolean {
    return this.#digest.wasEmpty;
  }

  /** Adds a key that was sent. */
  add(key: string): void {
    this.#digest.add(key);
    this.addPossible(key);
  }

  /** Adds a key that is about to be sent; returns whether it is new. */
  addPossible(key: string): boolean {
    if (!this.#keys || this.#keys.has(key)) return false;
    this.#keys.add(key);
    this.#characters += key.length;
    return true;
  }

  /** Drops a key that a traversal found deleted. */
  forget(key: string): void {
    if (this.#keys?.delete(key)) this.#characters -= key.length;
  }

  /** Drops a key that was deleted outside of a traversal, which makes the digest useless. */
  remove(key: string): void {
    this.forget(key);
    this.#digest.invalidate();
  }

  /** Gives up the keys, and keeps only the digest. */
  compact(): void {
    this.#keys = undefined;
    this.#characters = 0;
  }

  /** Records that a range of the scope was listed completely; see `TraversalDigest.sweep`. */
  sweep(range: Range | undefined, again: boolean): "open" | "proven" | "unproven" {
    return this.#digest.sweep(range, again);
  }

  /** About how many characters they take in the state. */
  get size(): number {
    return digestSize + this.#characters + quotes * (this.#keys?.size ?? 0);
  }

  /** For the state. */
  toJSON(): SavedScope {
    const walk = this.#digest.toJSON();
    return { ...(this.#keys ? { keys: [...this.#keys] } : {}), ...(walk.base ? { walk } : {}) };
  }
}
