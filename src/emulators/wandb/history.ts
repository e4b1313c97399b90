import type { GeneratedHistory } from "./generated-history.ts";
import { countHistoryKeys, type HistoryKeys } from "./history-keys.ts";

/** The rows of a run in the order of their steps: generated ones first, then those that were logged. */
export class RunHistory {
  readonly #steps: number[] = [];
  readonly #lines: string[] = [];
  #generated: GeneratedHistory | undefined;
  #keys: HistoryKeys | undefined;

  constructor(generated?: GeneratedHistory) {
    this.#generated = generated;
  }

  /** Undefined where there is no row. */
  get lastStep(): number | undefined {
    return this.#steps.at(-1) ?? this.#generated?.lastStep;
  }

  /** Generated rows are taken to have every step. */
  get lineCount(): number {
    return this.#steps.length + (this.#generated ? this.#generated.lastStep + 1 : 0);
  }

  append(step: number, line: string): void {
    if (!Number.isSafeInteger(step) || step <= (this.lastStep ?? -1)) {
      throw new RangeError(`step ${step} is not after step ${String(this.lastStep)}`);
    }
    this.#steps.push(step);
    this.#lines.push(line);
    this.#keys = undefined;
  }

  /** Takes away the rows after a step. */
  rewind(step: number): void {
    const kept = this.#indexOf(step + 1);
    this.#steps.length = kept;
    this.#lines.length = kept;
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

  /** What the field `historyKeys` tells, without `lastStep`. */
  keys(): HistoryKeys {
    if (this.#lines.length === 0) return countHistoryKeys([], this.#generated);
    return (this.#keys ??= countHistoryKeys(this.#lines, this.#generated));
  }

  /** How many logged rows come before a step. */
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
