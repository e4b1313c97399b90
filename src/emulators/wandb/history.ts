import type { GeneratedHistory } from "./generated-history.ts";
import { countHistoryKeys, type HistoryKeys } from "./history-keys.ts";

/** The rows of a run in the order of their steps: first generated, then logged ones. */
export class RunHistory {
  readonly #steps: number[] = [];
  readonly #lines: string[] = [];
  #generated: GeneratedHistory | undefined;
  #keys: HistoryKeys | undefined;

  constructor(generated?: GeneratedHistory) {
    this.#generated = generated;
  }

  /** The greatest step, or undefined if there is no row. */
  get lastStep(): number | undefined {
    return this.#steps.at(-1) ?? this.#generated?.lastStep;
  }

  /** The number of rows; a generated history counts as having a row for every step. */
  get lineCount(): number {
    return this.#steps.length + (this.#generated ? this.#generated.lastStep + 1 : 0);
  }

  /** Adds a row. Throws a RangeError if the step is not after the last one. */
  append(step: number, line: string): void {
    if (!Number.isSafeInteger(step) || step <= (this.lastStep ?? -1)) {
      throw new RangeError(`step ${step} is not after step ${String(this.lastStep)}`);
    }
    this.#steps.push(step);
    this.#lines.push(line);
    this.#keys = undefined;
  }

  /** Removes the rows after a step. */
  rewind(step: number): void {
    const remaining = this.#indexOf(step + 1);
    this.#steps.length = remaining;
    this.#lines.length = remaining;
    this.#keys = undefined;
    if (this.#generated) this.#generated = rewindGenerated(this.#generated, step);
  }

  /** The rows with `from` ≤ step < `to`. */
  *lines(from = -Infinity, to = Infinity): Generator<string, undefined> {
    const generated = this.#generated;
    const end = Math.min(to, (generated?.lastStep ?? -1) + 1);
    for (let step = Math.max(0, from); step < end; step += 1) {
      const line = generated?.line(step);
      if (line !== undefined) yield line;
    }
    const stop = this.#indexOf(to);
    for (const line of this.#lines.slice(this.#indexOf(from), stop)) yield line;
  }

  /** The content of the field `historyKeys`, without `lastStep`. */
  keys(): HistoryKeys {
    if (this.#lines.length === 0) return countHistoryKeys([], this.#generated);
    return (this.#keys ??= countHistoryKeys(this.#lines, this.#generated));
  }

  /** The number of logged rows before a step. */
  #indexOf(step: number): number {
    let [low, high] = [0, this.#steps.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#steps[middle] ?? Infinity) < step) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function rewindGenerated(generated: GeneratedHistory, step: number): GeneratedHistory | undefined {
  let lastStep = Math.min(step, generated.lastStep);
  while (lastStep >= 0 && generated.line(lastStep) === undefined) lastStep -= 1;
  return lastStep < 0 ? undefined : { ...generated, lastStep };
}
