import type { Checkpoint, Checkpoints } from "../core/source.ts";

/** Quotes, colon and comma around a partition's name. */
const punctuation = 4;

/**
 * One stream's checkpoints by partition, which know how long they are as JSON text. Only those that
 * changed since the last time are measured.
 */
export class MeasuredCheckpoints {
  readonly #byPartition: Map<string, Checkpoint>;
  readonly #sizes = new Map<string, number>();
  readonly #unmeasured: Set<string>;
  #size = 0;

  constructor(checkpoints: Iterable<readonly [string, Checkpoint]> = []) {
    this.#byPartition = new Map(checkpoints);
    this.#unmeasured = new Set(this.#byPartition.keys());
  }

  /** The length of all of them as JSON text. */
  get size(): number {
    for (const partition of this.#unmeasured) {
      const checkpoint = this.#byPartition.get(partition);
      const size = checkpoint
        ? partition.length + punctuation + JSON.stringify(checkpoint).length
        : 0;
      this.#size += size - (this.#sizes.get(partition) ?? 0);
      if (size > 0) this.#sizes.set(partition, size);
      else this.#sizes.delete(partition);
    }
    this.#unmeasured.clear();
    return this.#size;
  }

  /** Saves a partition's checkpoint; null removes it. */
  set(partition: string, checkpoint: Checkpoint | null): void {
    if (checkpoint) this.#byPartition.set(partition, checkpoint);
    else this.#byPartition.delete(partition);
    this.#unmeasured.add(partition);
  }

  /** A copy that later changes do not affect. */
  copy(): Checkpoints {
    return new Map(this.#byPartition);
  }

  /** For the state. */
  toJSON(): Readonly<Record<string, Checkpoint>> {
    return Object.fromEntries(this.#byPartition);
  }
}
