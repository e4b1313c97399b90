import type { Range } from "../core/source.ts";
import { TraversalDigest, type SavedTraversal } from "./traversal-digest.ts";

/** What is saved of a part: its keys as text while they are few, and the digest of walks through it. */
export interface SavedScope {
  readonly keys?: readonly string[];
  readonly walk?: SavedTraversal;
}

/** What the destination holds of one part of a table: the very keys while they are few, else the digest that tells whether any is gone. */
export class ScopeKeys {
  #keys: Set<string> | undefined = new Set();
  #walk = new TraversalDigest();
  #size = 0;
  #isFresh = true;

  static from({ keys, walk = { base: null } }: SavedScope): ScopeKeys {
    const part = new ScopeKeys();
    part.#isFresh = false;
    part.#walk = TraversalDigest.from(walk);
    part.#keys = keys && new Set(keys);
    for (const key of keys ?? []) part.#size += key.length;
    // Keys that were announced, and whose checkpoint never came.
    if (part.#walk.wasEmpty && (keys?.length ?? 0) > part.#walk.shown) part.#walk.forget();
    return part;
  }

  /** Characters that the keys take. */
  get characters(): number {
    return this.#size;
  }

  /** The keys as text; undefined where they became too many. */
  get keys(): ReadonlySet<string> | undefined {
    return this.#keys;
  }

  get isEmpty(): boolean {
    return this.#keys ? this.#keys.size === 0 : this.#walk.isEmpty;
  }

  /** Whether there was nothing of it before this reading, so that all of it was shown just now. */
  get isFresh(): boolean {
    return this.#isFresh;
  }

  /** Whether all that stands there was shown by the walk that is under way. */
  get isNew(): boolean {
    return this.#walk.wasEmpty;
  }

  /** Takes note of a key that was sent. */
  add(key: string): void {
    this.#walk.add(key);
    this.addPossible(key);
  }

  /** Takes note of a key that may be there; says whether that is news. */
  addPossible(key: string): boolean {
    if (!this.#keys || this.#keys.has(key)) return false;
    this.#keys.add(key);
    this.#size += key.length;
    return true;
  }

  /** Takes note of a key that a walk did not show any more. */
  forget(key: string): void {
    if (this.#keys?.delete(key)) this.#size -= key.length;
  }

  /** Takes note that a key may be gone that was deleted outside of a walk. */
  remove(key: string): void {
    this.forget(key);
    this.#walk.forget();
  }

  /** Keeps the digest alone from now on. */
  compact(): void {
    this.#keys = undefined;
    this.#size = 0;
  }

  /** What a walk through the part says that has shown this range of it. */
  sweep(range: Range | undefined, again: boolean): "open" | "proven" | "unproven" {
    return this.#walk.sweep(range, again);
  }

  toJSON(): SavedScope {
    const walk = this.#walk.toJSON();
    return { ...(this.#keys ? { keys: [...this.#keys] } : {}), ...(walk.base ? { walk } : {}) };
  }
}
