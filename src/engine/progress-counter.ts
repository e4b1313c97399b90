import type { PartitionCount } from "../core/source.ts";

/** Adds up the progress of several projects that are read at the same time. */
export class RunCounter {
  #done = 0;
  #of = 0;

  /** Adds a project with so many runs to read. Returns a function that takes how many are done. */
  newProject(runs: number): (done: number | undefined) => PartitionCount {
    this.#of += runs;
    let before = 0;
    return (done = before) => {
      this.#done += done - before;
      before = done;
      return { done: this.#done, of: this.#of };
    };
  }
}
