import type { Batch } from "../core/source.ts";
import { StateBudget } from "../engine/state-budget.ts";
import { formatObject } from "./extension.ts";
import type { LineOutput } from "./line-output.ts";
import { extensionMember } from "./message.ts";
import type { PendingSweeps } from "./pending-sweeps.ts";
import type { TapState } from "./tap-state.ts";

interface StateOutputOptions {
  readonly state: TapState;
  readonly output: LineOutput;
  readonly sweeps: PendingSweeps;
}

/**
 * Writes STATE messages: after a group of batches while the budget allows it, and at the end. Each
 * has the whole state, and covers all records before it.
 */
export class StateOutput {
  readonly #options: StateOutputOptions;
  readonly #budget = new StateBudget();
  #isPending = false;

  constructor(options: StateOutputOptions) {
    this.#options = options;
  }

  /** Counts a record that was written. */
  addRecord(line: string): void {
    this.#budget.addRows(line.length);
  }

  /** Applies the checkpoint of a batch whose records were all written. */
  save(batch: Batch): void {
    if (this.#options.state.saveCheckpoint(batch)) this.#isPending = true;
  }

  /** Writes a STATE if there is something new to say and the budget allows it. */
  writeIfAllowed(): void {
    if (this.#hasNews && this.#budget.allows(this.#options.state.size)) this.#write();
  }

  /** Writes a STATE if there is something new to say. */
  writeLast(): void {
    if (this.#hasNews) this.#write();
  }

  get #hasNews(): boolean {
    return this.#isPending || !this.#options.sweeps.isEmpty;
  }

  #write(): void {
    const { state, output, sweeps } = this.#options;
    const { text } = state;
    const extension = sweeps.take();
    output.write(
      formatObject([
        ["type", '"STATE"'],
        ["value", text],
        ...(extension.length === 0 ? [] : [[extensionMember, formatObject(extension)] as const]),
      ]),
    );
    this.#budget.spend(text.length);
    this.#isPending = false;
  }
}
