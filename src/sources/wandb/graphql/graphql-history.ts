import { toTimestamp } from "../../../core/timestamp.ts";
import { isOverload, isTooLarge } from "../../../http/http-error.ts";
import type { HistoryBatches, RunHistory } from "./history-batches.ts";
import {
  positionCheckpoint,
  historyStart,
  parsePosition,
  parseStep,
  lineDigest,
  type HistoryPosition,
} from "../reader/history-position.ts";
import { HistoryWindow, type Remaining } from "./history-window.ts";
import type {
  HistoryEnd,
  HistoryOptions,
  HistoryPage,
  ListedRun,
} from "../reader/project-reader.ts";

/** After the last step that a double can count. */
const endOfSteps = Number.MAX_SAFE_INTEGER;

/** How many rows the service bears to be asked for at once; what one run has taught holds for the next. */
export interface LearnedPageSize {
  samples: number | undefined;
}

export interface GraphqlHistoryContext {
  readonly batches: HistoryBatches;
  readonly learned: LearnedPageSize;
}

type Run = Pick<ListedRun, "id" | "lineCount">;

/**
 * The history of a run in windows of steps, from where an earlier walk ended. Sparse steps and empty windows are not the end; the
 * last step is, which comes with each answer. A history that is not what it was, or that a walk in parts has not shown whole, is
 * read again from its start.
 */
export async function* readGraphqlHistory(
  run: Run,
  { resume }: HistoryOptions,
  context: GraphqlHistoryContext,
): AsyncGenerator<HistoryPage> {
  const place = parsePosition(resume);
  const isShown = yield* new HistoryTraversal(run, place, context).pages();
  if (!isShown) yield* new HistoryTraversal(run, historyStart, context).pages();
}

class HistoryTraversal {
  readonly #run: Run;
  readonly #context: GraphqlHistoryContext;
  readonly #window: HistoryWindow;
  /** Whether the walk began at the first step. */
  readonly #whole: boolean;
  #place: HistoryPosition;
  #from: number;
  /** Whether the next window begins with the last line that was read, to see whether it is still there. */
  #overlaps: boolean;
  #alone = false;
  #first: RunHistory | undefined;

  constructor(run: Run, place: HistoryPosition, context: GraphqlHistoryContext) {
    this.#run = run;
    this.#context = context;
    this.#window = new HistoryWindow(context.learned.samples);
    this.#place = place;
    this.#whole = place.last === undefined;
    this.#overlaps = !this.#whole;
    this.#from = place.last ?? 0;
  }

  /** Returns whether all is shown; if not, another walk has to begin at the start. */
  async *pages(): AsyncGenerator<HistoryPage, boolean> {
    let ahead: Remaining = { lines: this.#left(this.#run.lineCount), steps: undefined };
    for (;;) {
      const width = this.#window.width(ahead);
      const below = Math.min(endOfSteps, this.#from + this.#steps(width));
      const answer = await this.#ask(below);
      if (answer === null) {
        yield { lines: [], bytes: 0, resume: undefined, end: "vanished" };
        return true;
      }
      if (answer === "too much") continue;
      this.#first ??= answer;
      const lines = answer.history ?? [];
      if (this.#window.mayBeSampled(lines.length, below - this.#from)) {
        this.#narrow(lines, below);
        continue;
      }
      if (this.#overlaps && !this.#isSame(answer)) return false;
      const ends = this.#ends(answer, below);
      const page = this.#page(this.#overlaps ? lines.slice(1) : lines, ends ? undefined : below);
      this.#window.recordComplete(lines.length, width, page.bytes);
      if (ends && !this.#whole && this.#lacksLines(answer)) return false;
      yield ends ? { ...page, end: this.#end(answer) } : page;
      if (ends) return true;
      this.#overlaps = false;
      this.#from = below;
      ahead = this.#ahead(answer);
    }
  }

  /** The line that was read before comes along; where two are too many, it comes alone. */
  #steps(width: number): number {
    if (!this.#overlaps) return width;
    return this.#window.samples > 2 ? width + 1 : 1;
  }

  /** What may be a sample shows at least how the rows are spread. */
  #narrow(lines: readonly string[], below: number): void {
    const middle = parseStep(lines[Math.floor(lines.length / 2)] ?? "") ?? below;
    this.#window.narrow(below - this.#from, middle - this.#from);
  }

  async #ask(below: number): Promise<RunHistory | null | "too much"> {
    const { samples } = this.#window;
    const { batches, learned } = this.#context;
    const ask = { run: this.#run.id, from: this.#from, below, samples, isolated: this.#alone };
    try {
      const answer = await batches.request(ask);
      if (this.#alone) learned.samples = samples;
      return answer;
    } catch (error) {
      if (samples === 1 || !(isOverload(error) || isTooLarge(error))) throw error;
      this.#window.reduceSamples(1 / 4);
      this.#alone = true;
      return "too much";
    }
  }

  /** Whether what was read before still stands: neither rewound, nor rewound and gone on. */
  #isSame({ history, historyLineCount }: RunHistory): boolean {
    const { rows, last, tail } = this.#place;
    const [line = ""] = history ?? [];
    return (
      (historyLineCount ?? rows) >= rows && parseStep(line) === last && lineDigest(line) === tail
    );
  }

  #ends({ historyKeys, historyLineCount, history }: RunHistory, below: number): boolean {
    if (below === endOfSteps) return true;
    const lastStep = historyKeys?.lastStep;
    if (lastStep != null) return below > lastStep;
    const read = this.#place.rows + (history?.length ?? 0) - Number(this.#overlaps);
    if (historyLineCount != null) return read >= historyLineCount;
    // The service keeps no keys where there is no line; an older one does not know the field.
    return historyKeys !== undefined;
  }

  #page(lines: readonly string[], below: number | undefined): HistoryPage {
    const from = this.#from + Number(this.#overlaps);
    const line = lines.at(-1);
    if (line !== undefined) {
      const rows = this.#place.rows + lines.length;
      this.#place = { last: parseStep(line) ?? from, rows, tail: lineDigest(line) };
    }
    const range = { ...(from > 0 ? { from } : {}), ...(below === undefined ? {} : { below }) };
    return {
      lines,
      bytes: lines.reduce((sum, { length }) => sum + length, 0),
      resume: positionCheckpoint(this.#place),
      // Also after an interruption: what was being read again whole may still have rows ahead that are gone.
      completeSteps: range,
    };
  }

  #lacksLines({ state, historyLineCount }: RunHistory): boolean {
    return !isRunning(state) && historyLineCount != null && historyLineCount !== this.#place.rows;
  }

  #ahead({ historyKeys, historyLineCount }: RunHistory): Remaining {
    const lastStep = historyKeys?.lastStep ?? undefined;
    return {
      lines: this.#left(historyLineCount ?? undefined),
      steps: lastStep === undefined ? undefined : lastStep + 1 - this.#from,
    };
  }

  #left(lines: number | undefined): number | undefined {
    return lines === undefined ? undefined : lines - this.#place.rows;
  }

  #end({ state, historyLineCount }: RunHistory): HistoryEnd {
    return {
      read: this.#place.rows,
      lines: historyLineCount ?? undefined,
      running: isRunning(state),
      seen: toTimestamp(this.#first?.heartbeatAt ?? ""),
    };
  }
}

function isRunning(state: string | null | undefined): boolean {
  return state === "running";
}
