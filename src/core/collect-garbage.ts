import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

let collect: (() => void) | undefined;

/**
 * Collects this thread's garbage at once, which takes some ten milliseconds. V8 puts it off while
 * the heap grows by less than a part of what is alive: a few rows of 50 MB are alive, and dead ones
 * would wait beside them.
 */
export function collectGarbage(): void {
  if (!collect) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
  }
  collect();
}
