import type { Log } from "../../../core/log.ts";

/** Compares how many lines of histories were read with how many the service says there are, and reports it once. */
export class LineCountCheck {
  #runs = 0;
  #example: string | undefined;

  add(run: string, { read, lines, running }: LineCount): void {
    // While it runs, both numbers move.
    if (running || lines === undefined || read === lines) return;
    this.#runs += 1;
    this.#example ??= `run ${run}: ${read} lines read, the service counts ${lines}`;
  }

  report(log: Log): void {
    if (this.#example === undefined) return;
    log.warning(
      `metrics: the history of ${this.#runs} ${this.#runs === 1 ? "run" : "runs"} has another number of lines than the service says (${this.#example})`,
    );
  }
}

interface LineCount {
  readonly read: number;
  readonly lines: number | undefined;
  readonly running: boolean;
}
