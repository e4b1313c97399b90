import {
  generatedCount,
  type GeneratedHistory,
  generatedRows,
  rewindGenerated,
} from "./generated-history.ts";
import { countHistoryKeys, type HistoryKeys } from "./history-keys.ts";
import { type Step, stepAfter } from "./step.ts";

/** Rows at the end of a history that count but are not shown yet. */
export interface HistoryLag {
  readonly rows: number;
  /** Whether the last step is that of the last row that is shown, too. */
  readonly hidesLastStep?: boolean;
  /** Whether all rows are shown by now. */
  readonly isOver?: () => boolean;
}

/**
 * The rows of a run in the order of their steps: first generated, then logged ones. No field of the
 * run moves here.
 */
export class RunHistory {
  readonly #steps: Step[] = [];
  readonly #lines: string[] = [];
  #generated: GeneratedHistory | undefined;
  #keys: HistoryKeys | undefined;
  #lag: HistoryLag | undefined;

  constructor(generated?: GeneratedHistory) {
    this.#generated = generated;
  }

  /** The greatest step, or undefined if there is no row. */
  get lastStep(): Step | undefined {
    return this.#steps.at(-1) ?? this.#generated?.lastStep;
  }

  /** The greatest step as the service tells it. */
  get shownLastStep(): Step | undefined {
    const { rows = 0, hidesLastStep = false } = this.#currentLag ?? {};
    return hidesLastStep ? this.#steps[this.#steps.length - rows - 1] : this.lastStep;
  }

  /** The number of rows; a generated history counts as having a row for every step. */
  get lineCount(): number {
    return this.#steps.length + (this.#generated ? generatedCount(this.#generated) : 0);
  }

  /** Adds a row. Throws a RangeError if the step is not after the last one. */
  append(step: Step, line: string): void {
    if (!isStep(step) || step <= (this.lastStep ?? -1)) {
      throw new RangeError(`step ${step} is not after step ${String(this.lastStep)}`);
    }
    this.#steps.push(step);
    this.#lines.push(line);
    this.#keys = undefined;
  }

  /** Adds a row at any step, behind the rows that this step has. */
  insert(step: Step, line: string): void {
    this.#store();
    const index = this.#indexOf(stepAfter(step));
    this.#steps.splice(index, 0, step);
    this.#lines.splice(index, 0, line);
  }

  /** Replaces the first row of a step. Throws a RangeError if it has none. */
  replace(step: Step, line: string): void {
    this.#store();
    const index = this.#indexOf(step);
    if (this.#steps[index] !== step) throw new RangeError(`no row at step ${step}`);
    this.#lines[index] = line;
  }

  /** Removes the rows after a step. */
  rewind(step: Step): void {
    const remaining = this.#indexOf(stepAfter(step));
    this.#steps.length = remaining;
    this.#lines.length = remaining;
    this.#keys = undefined;
    if (this.#generated) this.#generated = rewindGenerated(this.#generated, step);
  }

  /** Shows all rows but the last ones, although they count. */
  lag(lag: HistoryLag): void {
    this.#store();
    this.#lag = lag;
  }

  /** Shows all rows. */
  catchUp(): void {
    this.#lag = undefined;
  }

  /** The rows with `from` ≤ step < `to`. */
  *lines(from: Step = -Infinity, to: Step = Infinity): Generator<string, undefined> {
    if (this.#generated)
      for (const [, line] of generatedRows(this.#generated, from, to)) yield line;
    for (const line of this.#lines.slice(this.#indexOf(from), this.#indexOf(to))) yield line;
  }

  /** The same rows as far as the service shows them. */
  shownLines(from: Step = -Infinity, to: Step = Infinity): Iterable<string> {
    const lag = this.#currentLag;
    if (!lag) return this.lines(from, to);
    const end = Math.min(this.#indexOf(to), this.#steps.length - lag.rows);
    return this.#lines.slice(this.#indexOf(from), Math.max(0, end));
  }

  /** The content of the field `historyKeys`, without `lastStep`. */
  keys(): HistoryKeys {
    if (this.#lines.length === 0) return countHistoryKeys([], this.#generated);
    return (this.#keys ??= countHistoryKeys(this.#lines, this.#generated));
  }

  get #currentLag(): HistoryLag | undefined {
    return this.#lag?.isOver?.() === true ? undefined : this.#lag;
  }

  /** Turns generated rows into logged ones, which can be changed. */
  #store(): void {
    this.#keys = undefined;
    if (!this.#generated) return;
    const rows = [...generatedRows(this.#generated)];
    this.#generated = undefined;
    this.#steps.unshift(...rows.map(([step]) => step));
    this.#lines.unshift(...rows.map(([, line]) => line));
  }

  /** The number of logged rows before a step. */
  #indexOf(step: Step): number {
    let [low, high] = [0, this.#steps.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#steps[middle] ?? Infinity) < step) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function isStep(step: Step): boolean {
  return typeof step === "bigint" || Number.isSafeInteger(step);
}
