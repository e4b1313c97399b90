import { hash } from "node:crypto";

/** Bytes of the digest: two sets that differ have the same one in 1 of 2^128 cases. */
const size = 16;

/** A digest of a set of distinct keys, whatever their order. */
export class SetDigest {
  readonly #sum = Buffer.alloc(size);

  /** Adds a key that is not in the set yet. */
  add(key: string): void {
    const digest = hash("sha1", key, "buffer");
    for (let index = 0; index < size; index += 1) {
      this.#sum[index] = (this.#sum[index] ?? 0) ^ (digest[index] ?? 0);
    }
  }

  /** The digest as text. */
  toString(): string {
    return this.#sum.toString("base64url");
  }
}
