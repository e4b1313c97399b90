import type { Sweep } from "./source.ts";

/**
 * Says, page by page, which part of a table a walk has shown completely, so that what else stands there is gone at the source.
 *
 * While keys come in strictly descending order (as UUIDv7 pages do), each page clears its own range: constant memory, and a walk can be resumed in
 * the middle. Once the order breaks, keys are collected and the rest is cleared at the end; an earlier range that a late key belongs to
 * needs no repair, because the late row is upserted and thereby stands again.
 */
export class Walk {
  readonly #where: Readonly<Record<string, string>>;
  /** The last key of the pages that were cleared; undefined before the first. */
  #below: string | undefined;
  /** Keys since the order broke. */
  #unordered: string[] | undefined;

  constructor(where: Readonly<Record<string, string>> = {}, resumeBelow?: string) {
    this.#where = where;
    this.#below = resumeBelow;
  }

  /** Where to resume: the last key whose page was cleared. Undefined where the order broke, and only a new walk can be complete. */
  get resumeBelow(): string | undefined {
    return this.#unordered ? undefined : this.#below;
  }

  /** What the page with these keys, in the order of the service, clears. */
  page(keys: readonly string[]): Sweep | undefined {
    if (keys.length === 0) return undefined;
    if (!this.#unordered && !this.#continues(keys)) this.#unordered = [];
    if (this.#unordered) {
      this.#unordered.push(...keys);
      return undefined;
    }
    const last = keys.at(-1) ?? "";
    const sweep = this.#sweep(keys, last);
    this.#below = last;
    return sweep;
  }

  /** What the end of a complete walk clears: all that is left. */
  end(): Sweep {
    return this.#sweep(this.#unordered ?? []);
  }

  #continues(keys: readonly string[]): boolean {
    let before = this.#below;
    for (const key of keys) {
      if (before !== undefined && !sortsBefore(key, before)) return false;
      before = key;
    }
    return true;
  }

  #sweep(keys: readonly string[], through?: string): Sweep {
    return {
      where: this.#where,
      ...(this.#below === undefined ? {} : { below: this.#below }),
      ...(through === undefined ? {} : { from: through }),
      keys: keys.map((key) => [key]),
    };
  }
}

/** Byte order, as both databases compare keys when they sweep. */
function sortsBefore(a: string, b: string): boolean {
  return Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;
}
