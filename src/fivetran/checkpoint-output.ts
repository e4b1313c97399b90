import { StateBudget } from "../engine/state-budget.ts";
import type { ConnectionState } from "./state.ts";
import { textResponse } from "./wire.ts";

/**
 * Yields checkpoints: after a group of batches while the budget allows it, and at the end. Each has
 * the whole state, and covers all records before it.
 */
export class CheckpointOutput {
  readonly #state: ConnectionState;
  readonly #budget = new StateBudget();
  #isPending = false;

  constructor(state: ConnectionState) {
    this.#state = state;
  }

  /** Counts records that were sent. */
  addRecords(bytes: number): void {
    this.#budget.addRows(bytes);
  }

  /** Yields a checkpoint of the changed state if the budget allows it; else a later one does. */
  *changed(): Generator<Buffer> {
    this.#isPending = true;
    if (this.#budget.allows(this.#state.size)) yield this.write();
  }

  /** Yields a checkpoint if the state has changed since the last one. */
  *finish(): Generator<Buffer> {
    if (this.#isPending) yield this.write();
  }

  /** A checkpoint, whatever the budget. */
  write(): Buffer {
    const text = this.#state.format();
    this.#budget.spend(text.length);
    this.#isPending = false;
    return textResponse("checkpoint", text);
  }
}
