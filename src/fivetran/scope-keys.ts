import type { Range } from "../core/source.ts";
import { WalkDigest, type SavedWalk } from "./traversal-digest.ts";

/** What is saved of a part: its keys as text while they are few, and the digest of walks through it. */
export interface SavedPart {
  readonly keys?: readonly string[];
  readonly walk?: SavedWalk;
}

/** What the destination holds of one part of a table: the very keys while they are few, else the digest that tells whether any is gone. */
export class HeldPart {
  #keys: Set<string> | undefined = new Set();
  #walk = new WalkDigest();
  #size = 0;
  #isFresh = true;

  static from({ keys, walk = { base: null } }: SavedPart): HeldPart {
    const part = new HeldPart();
    part.#isFresh = false;
    part.#walk = WalkDigest.from(walk);
    part.#keys = keys && new Set(keys);
    for (const key of keys ?? []) part.#size += key.length;
    // Keys that were announced, and whose checkpoint never came.
    if (part.#walk.isNew && (keys?.length ?? 0) > part.#walk.shown) part.#walk.forget();
    return part;
  }

  /** Characters that the keys take. */
  get size(): number {
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
    return this.#walk.isNew;
  }

  /** Takes note of a key that was sent. */
  add(key: string): void {
    this.#walk.add(key);
    this.hold(key);
  }

  /** Takes note of a key that may be there; says whether that is news. */
  hold(key: string): boolean {
    if (!this.#keys || this.#keys.has(key)) return false;
    this.#keys.add(key);
    this.#size += key.length;
    return true;
  }

  /** Takes note of a key that a walk did not show any more. */
  drop(key: string): void {
    if (this.#keys?.delete(key)) this.#size -= key.length;
  }

  /** Takes note that a key may be gone that was deleted outside of a walk. */
  remove(key: string): void {
    this.drop(key);
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

  toJSON(): SavedPart {
    const walk = this.#walk.toJSON();
    return { ...(this.#keys ? { keys: [...this.#keys] } : {}), ...(walk.base ? { walk } : {}) };
  }
}
