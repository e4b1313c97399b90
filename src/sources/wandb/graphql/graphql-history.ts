import { toTimestamp } from "../../../core/timestamp.ts";
import { isOverload, isTooLarge } from "../../../http/http-error.ts";
import {
  historyStart,
  lineDigest,
  parsePosition,
  parseStep,
  positionCheckpoint,
  type HistoryPosition,
} from "../reader/history-position.ts";
import type {
  HistoryEnd,
  HistoryOptions,
  HistoryPage,
  ListedRun,
} from "../reader/project-reader.ts";
import type { HistoryBatches, RunHistory } from "./history-batches.ts";
import { HistoryWindow, type Remaining } from "./history-window.ts";

/** Past the last step that a double holds exactly. */
const endOfSteps = Number.MAX_SAFE_INTEGER;

/** How many lines the service can return at once; what one run taught applies to the next. */
export interface LearnedPageSize {
  /** Undefined until it had to be reduced. */
  samples: number | undefined;
}

interface GraphqlHistoryContext {
  readonly batches: HistoryBatches;
  readonly learned: LearnedPageSize;
}

type Run = Pick<ListedRun, "id" | "lineCount">;

/**
 * Reads a run's history in windows of steps, from where an earlier sync stopped. Sparse steps and
 * empty windows are not the end: the last step is, and each response names it. A history that has
 * changed, or of which a resumed read misses lines, is read again from its start.
 */
export async function* readGraphqlHistory(
  run: Run,
  { resume }: HistoryOptions,
  context: GraphqlHistoryContext,
): AsyncGenerator<HistoryPage> {
  const position = parsePosition(resume);
  const isComplete = yield* new HistoryTraversal(run, position, context).pages();
  if (!isComplete) yield* new HistoryTraversal(run, historyStart, context).pages();
}

/** One traversal of a history, from a position to its end. */
class HistoryTraversal {
  readonly #run: Run;
  readonly #context: GraphqlHistoryContext;
  readonly #window: HistoryWindow;
  /** Whether the traversal began at the first step. */
  readonly #startsAtZero: boolean;
  #position: HistoryPosition;
  #from: number;
  /** Whether the next window begins with the last line read, to check that it is still the same. */
  #overlaps: boolean;
  #isolated = false;
  #firstResponse: RunHistory | undefined;

  constructor(run: Run, position: HistoryPosition, context: GraphqlHistoryContext) {
    this.#run = run;
    this.#context = context;
    this.#window = new HistoryWindow(context.learned.samples);
    this.#position = position;
    this.#startsAtZero = position.last === undefined;
    this.#overlaps = !this.#startsAtZero;
    this.#from = position.last ?? 0;
  }

  /** Yields the pages. Returns false if the history must be read again from its start. */
  async *pages(): AsyncGenerator<HistoryPage, boolean> {
    let remaining: Remaining = {
      lines: this.#remainingLines(this.#run.lineCount),
      steps: undefined,
    };
    for (;;) {
      const width = this.#window.width(remaining);
      const below = Math.min(endOfSteps, this.#from + this.#steps(width));
      const response = await this.#request(below);
      if (response === null) {
        yield { lines: [], bytes: 0, resume: undefined, end: "vanished" };
        return true;
      }
      if (response === "too large") continue;
      this.#firstResponse ??= response;
      const lines = response.history ?? [];
      if (this.#window.mayBeSampled(lines.length, below - this.#from)) {
        this.#narrow(lines, below);
        continue;
      }
      if (this.#overlaps && !this.#isUnchanged(response)) return false;
      const isLast = this.#isLast(response, below);
      const page = this.#page(this.#overlaps ? lines.slice(1) : lines, isLast ? undefined : below);
      this.#window.recordComplete(lines.length, width, page.bytes);
      if (isLast && !this.#startsAtZero && this.#lacksLines(response)) return false;
      yield isLast ? { ...page, end: this.#end(response) } : page;
      if (isLast) return true;
      this.#overlaps = false;
      this.#from = below;
      remaining = this.#remaining(response);
    }
  }

  /** Makes room for the last line read; if two lines are too many, requests it alone. */
  #steps(width: number): number {
    if (!this.#overlaps) return width;
    return this.#window.samples > 2 ? width + 1 : 1;
  }

  /** Narrows the window: even a sample shows how the lines are spread. */
  #narrow(lines: readonly string[], below: number): void {
    const middle = parseStep(lines[Math.floor(lines.length / 2)] ?? "") ?? below;
    this.#window.narrow(below - this.#from, middle - this.#from);
  }

  async #request(below: number): Promise<RunHistory | null | "too large"> {
    const { samples } = this.#window;
    const { batches, learned } = this.#context;
    const request = {
      run: this.#run.id,
      from: this.#from,
      below,
      samples,
      isolated: this.#isolated,
    };
    try {
      const response = await batches.request(request);
      if (this.#isolated) learned.samples = samples;
      return response;
    } catch (error) {
      if (samples === 1 || !(isOverload(error) || isTooLarge(error))) throw error;
      this.#window.reduceSamples(1 / 4);
      this.#isolated = true;
      return "too large";
    }
  }

  /** Whether the last line read is still the same: neither rewound, nor rewound and continued. */
  #isUnchanged({ history, historyLineCount }: RunHistory): boolean {
    const { rows, last, tail } = this.#position;
    const [line = ""] = history ?? [];
    return (
      (historyLineCount ?? rows) >= rows && parseStep(line) === last && lineDigest(line) === tail
    );
  }

  #isLast({ historyKeys, historyLineCount, history }: RunHistory, below: number): boolean {
    if (below === endOfSteps) return true;
    const lastStep = historyKeys?.lastStep;
    if (lastStep != null) return below > lastStep;
    const linesRead = this.#position.rows + (history?.length ?? 0) - Number(this.#overlaps);
    if (historyLineCount != null) return linesRead >= historyLineCount;
    // A history without lines has no keys; an older server lacks the field.
    return historyKeys !== undefined;
  }

  #page(lines: readonly string[], below: number | undefined): HistoryPage {
    const from = this.#from + Number(this.#overlaps);
    const line = lines.at(-1);
    if (line !== undefined) {
      const rows = this.#position.rows + lines.length;
      this.#position = { last: parseStep(line) ?? from, rows, tail: lineDigest(line) };
    }
    const range = { ...(from > 0 ? { from } : {}), ...(below === undefined ? {} : { below }) };
    return {
      lines,
      bytes: lines.reduce((sum, { length }) => sum + length, 0),
      resume: positionCheckpoint(this.#position),
      // Also when resuming: an interrupted reread may have left deleted rows further on.
      completeSteps: range,
    };
  }

  #lacksLines({ state, historyLineCount }: RunHistory): boolean {
    return (
      !isRunning(state) && historyLineCount != null && historyLineCount !== this.#position.rows
    );
  }

  #remaining({ historyKeys, historyLineCount }: RunHistory): Remaining {
    const lastStep = historyKeys?.lastStep ?? undefined;
    return {
      lines: this.#remainingLines(historyLineCount ?? undefined),
      steps: lastStep === undefined ? undefined : lastStep + 1 - this.#from,
    };
  }

  #remainingLines(lines: number | undefined): number | undefined {
    return lines === undefined ? undefined : lines - this.#position.rows;
  }

  #end({ state, historyLineCount }: RunHistory): HistoryEnd {
    return {
      linesRead: this.#position.rows,
      lineCount: historyLineCount ?? undefined,
      isRunning: isRunning(state),
      lastSeen: toTimestamp(this.#firstResponse?.heartbeatAt ?? ""),
    };
  }
}

function isRunning(state: string | null | undefined): boolean {
  return state === "running";
}
