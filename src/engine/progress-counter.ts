import type { PartitionCount } from "../core/source.ts";

/** Adds up the progress of parts of a stream that are read at the same time. */
export class ProgressCounter {
  #done = 0;
  #of = 0;

  /** Adds a part with so many partitions. Returns a function that takes how many are done. */
  newPart(partitions: number): (done: number | undefined) => PartitionCount {
    this.#of += partitions;
    let before = 0;
    return (done = before) => {
      this.#done += done - before;
      before = done;
      return { done: this.#done, of: this.#of };
    };
  }
}
