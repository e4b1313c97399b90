import { ResourceAttempts } from "../../../http/attempt-limits.ts";
import type {
  HistoryEnd,
  HistoryOptions,
  HistoryPage,
  HistoryRun,
} from "../reader/history-page.ts";
import {
  countLinesRead,
  HistoryDigest,
  positionAfter,
  type HistoryPosition,
} from "../reader/history-position.ts";
import { endOfSteps, toStep } from "../reader/line-step.ts";
import type { HistoryBatches, RunHistory } from "./history-batches.ts";
import { WindowReader, type LearnedPageSize, type ReadWindow } from "./window-reader.ts";

interface GraphqlHistoryContext {
  readonly batches: HistoryBatches;
  readonly learned: LearnedPageSize;
  readonly retryAttempts: number;
}

/**
 * Reads a run's history in windows of steps, from where an earlier sync stopped. Sparse steps and
 * empty windows are not the end: the last step is, and each response names it. A history that has
 * changed is read again from its start.
 */
export async function* readGraphqlHistory(
  run: HistoryRun,
  { position, singleAttempt }: HistoryOptions,
  { batches, learned, retryAttempts }: GraphqlHistoryContext,
): AsyncGenerator<HistoryPage> {
  const attempts = new ResourceAttempts({ singleAttempt, retryAttempts });
  const traverse = (start: HistoryPosition | undefined) => {
    const windows = new WindowReader({ run: run.id, batches, learned, attempts });
    return new HistoryTraversal(run, start, windows).pages();
  };
  const isComplete = yield* traverse(position);
  if (!isComplete) yield* traverse(undefined);
}

/** One traversal of a history, from a position to its end. */
class HistoryTraversal {
  readonly #windows: WindowReader;
  /** Of a traversal that begins at the first step. */
  readonly #digest: HistoryDigest | undefined;
  /** While the next window begins with the last step read, to check that it is still the same. */
  #overlap: HistoryPosition | undefined;
  #position: HistoryPosition | undefined;
  #rows: number;
  #from: bigint;
  #lineCount: number | undefined;

  constructor(run: HistoryRun, position: HistoryPosition | undefined, windows: WindowReader) {
    this.#windows = windows;
    this.#digest = position ? undefined : new HistoryDigest();
    this.#overlap = position;
    this.#position = position;
    this.#rows = position?.rows ?? 0;
    this.#from = BigInt(position?.last ?? 0);
    this.#lineCount = run.lineCount;
  }

  /** Yields the pages. Returns false if the history must be read again from its start. */
  async *pages(): AsyncGenerator<HistoryPage, boolean> {
    for (;;) {
      const remaining = this.#lineCount === undefined ? undefined : this.#lineCount - this.#rows;
      const window = await this.#windows.read(this.#from, remaining);
      if (window === null) {
        yield { lines: [], bytes: 0, position: undefined, end: "vanished" };
        return true;
      }
      this.#lineCount = window.response.historyLineCount ?? undefined;
      const linesRead = this.#countLinesRead(window);
      if (linesRead === undefined) return false;
      const page = this.#page(window, linesRead);
      yield page;
      if (page.end) return true;
    }
  }

  /**
   * How many lines of a window were read before; undefined if the history is not as it was:
   * rewound, or rewound and continued.
   */
  #countLinesRead({ lines, response }: ReadWindow): number | undefined {
    const overlap = this.#overlap;
    if (!overlap) return 0;
    if ((response.historyLineCount ?? overlap.rows) < overlap.rows) return undefined;
    return countLinesRead(lines, overlap);
  }

  #page(window: ReadWindow, linesRead: number): HistoryPage {
    const lines = window.lines.slice(linesRead);
    const from = this.#from + (this.#overlap ? 1n : 0n);
    this.#position = positionAfter(lines, this.#rows) ?? this.#position;
    this.#rows += lines.length;
    this.#digest?.add(lines);
    this.#overlap = undefined;
    this.#from = window.below;
    const isLast = this.#isLast(window);
    const range = {
      ...(from > 0n ? { from: toStep(from) } : {}),
      ...(isLast ? {} : { below: toStep(window.below) }),
    };
    return {
      lines,
      bytes: lines.reduce((sum, { length }) => sum + length, 0),
      position: this.#position,
      // Also when resuming: an interrupted reread may have left deleted rows further on.
      completeSteps: range,
      ...(isLast ? { end: this.#end(window.response) } : {}),
    };
  }

  #isLast({ response, below }: ReadWindow): boolean {
    const { historyKeys, historyLineCount } = response;
    if (below === endOfSteps) return true;
    const lastStep = historyKeys?.lastStep;
    if (lastStep !== undefined) return below > lastStep;
    if (historyLineCount != null) return this.#rows >= historyLineCount;
    // A history without lines has no keys; an older server lacks the field.
    return historyKeys !== undefined;
  }

  #end({ date }: RunHistory): HistoryEnd {
    return {
      rows: this.#rows,
      isWhole: this.#digest !== undefined,
      digest: this.#digest?.end(),
      date,
    };
  }
}
