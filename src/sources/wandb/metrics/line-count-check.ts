import type { Log } from "../../../core/log.ts";

/**
 * Compares the number of lines read of each history with the service's count, and reports
 * differences once.
 */
export class LineCountCheck {
  #runs = 0;
  #example: string | undefined;

  /** Compares the counts of a run whose history was read to its end. */
  add(run: string, { linesRead, lineCount, isRunning }: LineCount): void {
    // Both numbers change while the run is running.
    if (isRunning || lineCount === undefined || linesRead === lineCount) return;
    this.#runs += 1;
    this.#example ??= `run ${run}: ${linesRead} lines read, ${lineCount} reported`;
  }

  /** Logs one warning about all runs that differ, with an example. */
  report(log: Log): void {
    if (this.#example === undefined) return;
    log.warning(
      `metrics: the history of ${this.#runs} ${this.#runs === 1 ? "run" : "runs"} has a different number of lines than the service reports (${this.#example})`,
    );
  }
}

interface LineCount {
  readonly linesRead: number;
  readonly lineCount: number | undefined;
  readonly isRunning: boolean;
}
