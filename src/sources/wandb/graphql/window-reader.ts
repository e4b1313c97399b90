import { SourceError } from "../../../core/errors.ts";
import type { ResourceAttempts } from "../../../http/attempt-limits.ts";
import { orderBySteps } from "../reader/history-position.ts";
import { endOfSafeSteps, endOfSteps, stepOf } from "../reader/line-step.ts";
import type { HistoryBatches, RunHistory } from "./history-batches.ts";
import { HistoryWindow } from "./history-window.ts";

/**
 * How many lines the service can return at once. What several runs needed applies to the next; one
 * alone may have large lines, or bad luck.
 */
export interface LearnedPageSize {
  /** Undefined until it had to be reduced. */
  samples: number | undefined;
  /** How many runs had to be read with fewer lines at once. */
  reducedRuns?: number;
}

interface WindowReaderOptions {
  readonly run: string;
  readonly batches: HistoryBatches;
  readonly learned: LearnedPageSize;
  readonly attempts: ResourceAttempts;
}

/** All lines from a step on, as far as they came in one response. */
export interface ReadWindow {
  readonly response: RunHistory;
  /** In the order of their steps. */
  readonly lines: readonly string[];
  /** The end of the window, exclusive. */
  readonly below: bigint;
}

/** The most lines of a single step that are requested at once. */
const maxSamples = 2 ** 16;

/** Reads a run's history window by window: each as large as the service can return for certain. */
export class WindowReader {
  readonly #options: WindowReaderOptions;
  readonly #window: HistoryWindow;
  #lastStep: bigint | undefined;
  /** Whether requests failed until they were for fewer lines. */
  #wasReduced = false;

  constructor(options: WindowReaderOptions) {
    this.#options = options;
    this.#window = new HistoryWindow(options.learned.samples);
  }

  /**
   * The lines from a step on, of which there may be `remaining`; null if the run does not exist.
   */
  async read(from: bigint, remaining: number | undefined): Promise<ReadWindow | null> {
    for (;;) {
      const below = this.#below(from, this.#window.width(remaining));
      const response = await this.#request(from, below, this.#window.samples);
      if (response === null) return null;
      if (response === "too large") continue;
      const lines = orderBySteps(response.history ?? []);
      this.#lastStep = response.historyKeys?.lastStep;
      if (!this.#window.isFull(lines.length)) return this.#complete({ response, lines, below });
      if (below - from === 1n) return await this.#readStep(from);
      const hasRest = below === endOfSteps || below === endOfSafeSteps;
      const lineCount = hasRest ? remaining : undefined;
      this.#window.narrow({ from, below, steps: stepsOf(lines), lines: lineCount });
    }
  }

  #complete(window: ReadWindow): ReadWindow {
    const { lines } = window;
    const steps = stepsOf([lines[0] ?? "", lines.at(-1) ?? ""]);
    const bytes = lines.reduce((sum, { length }) => sum + length, 0);
    this.#window.recordComplete({
      lines: lines.length,
      bytes,
      first: steps[0],
      last: steps.at(-1),
    });
    return window;
  }

  /** A window that is not limited ends with the steps that a number holds, if the run's do. */
  #below(from: bigint, width: bigint | undefined): bigint {
    const isSafe = from < endOfSafeSteps && (this.#lastStep ?? 0n) < endOfSafeSteps;
    const limit = isSafe ? endOfSafeSteps : endOfSteps;
    return width === undefined || from + width > limit ? limit : from + width;
  }

  /** All lines of one step that has more of them than a response usually holds. */
  async #readStep(step: bigint): Promise<ReadWindow | null> {
    const before = this.#window.samples;
    for (let samples = before * 4; samples <= maxSamples; samples *= 4) {
      const response = await this.#request(step, step + 1n, samples);
      if (response === null) return null;
      if (response === "too large") break;
      const lines = response.history ?? [];
      // Exactly as many as before, when more were asked for: that is where the service stops.
      if (lines.length === before && before >= 1000) break;
      if (lines.length < samples) return { response, lines, below: step + 1n };
    }
    throw new SourceError(
      `run ${this.#options.run}: step ${step} has more lines than the service returns at once`,
    );
  }

  async #request(
    from: bigint,
    below: bigint,
    samples: number,
  ): Promise<RunHistory | null | "too large"> {
    const { run, batches, attempts } = this.#options;
    for (;;) {
      try {
        const range = { run, from, below, samples };
        const response = await batches.request(range, attempts.limits());
        attempts.recordSuccess();
        this.#learn();
        return response;
      } catch (error) {
        const next = attempts.recordFailure(error);
        if (next === "same size") continue;
        if (next === "end" || !this.#window.canReduce) throw error;
        this.#window.reduceSamples(1 / 4);
        this.#wasReduced = true;
        return "too large";
      }
    }
  }

  #learn(): void {
    const { learned } = this.#options;
    if (!this.#wasReduced) return;
    this.#wasReduced = false;
    learned.reducedRuns = (learned.reducedRuns ?? 0) + 1;
    if (learned.reducedRuns < 2) return;
    learned.samples = Math.min(learned.samples ?? Infinity, this.#window.samples);
  }
}

function stepsOf(lines: readonly string[]): bigint[] {
  return lines
    .map(stepOf)
    .filter((step) => step !== undefined)
    .map(BigInt);
}
