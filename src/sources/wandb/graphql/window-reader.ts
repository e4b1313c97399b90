import { SourceError } from "../../../core/errors.ts";
import type { ResourceAttempts } from "../../../http/attempt-limits.ts";
import { RangeWindow } from "../../../http/paging/range-window.ts";
import { maxInt64, maxSafeInt64 } from "../../../json/int64.ts";
import { orderBySteps } from "../reader/history-position.ts";
import { stepOf } from "../reader/line-step.ts";
import type { HistoryBatches, HistoryRange, RunHistory } from "./history-batches.ts";

/**
 * How many lines the service can return at once. What several runs needed applies to the next; one
 * alone may have large lines, or bad luck.
 */
export interface LearnedPageSize {
  /** Undefined until it had to be reduced. */
  samples: number | undefined;
  /** How many runs had to be read with fewer lines at once. */
  reducedRuns: number;
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
  readonly bytes: number;
  /** The end of the window, exclusive. */
  readonly below: bigint;
}

/** The most lines of a single step that are requested at once. */
const maxSamples = 2 ** 16;

/** Reads a run's history window by window: each as large as the service can return for certain. */
export class WindowReader {
  readonly #options: WindowReaderOptions;
  readonly #window: RangeWindow;
  #lastStep = 0n;
  /** Whether requests failed until they were for fewer lines. */
  #wasReduced = false;

  constructor(options: WindowReaderOptions) {
    this.#options = options;
    this.#window = new RangeWindow(options.learned.samples);
  }

  /**
   * The lines from a step on, of which there may be `remaining`; null if the run does not exist.
   */
  async read(from: bigint, remaining: number | undefined): Promise<ReadWindow | null> {
    for (;;) {
      const samples = this.#window.maxRows;
      const below = this.#below(from, this.#window.width(remaining));
      const window = await this.#request({ from, below, samples });
      if (window === null) return null;
      if (window === "too large") continue;
      const { response, lines, bytes } = window;
      this.#lastStep = response.historyKeys?.lastStep ?? 0n;
      if (lines.length < samples) {
        const [first] = stepsOf(lines.slice(0, 1));
        const [last] = stepsOf(lines.slice(-1));
        this.#window.recordComplete({ count: lines.length, bytes, first, last });
        return window;
      }
      if (below - from === 1n) return await this.#readStep(from);
      const hasRest = below === maxInt64 || below === maxSafeInt64;
      const count = hasRest ? remaining : undefined;
      this.#window.narrow({ from, below, keys: stepsOf(lines), count });
    }
  }

  /** A window that is not limited ends with the steps that a number holds, if the run's do. */
  #below(from: bigint, width: bigint | undefined): bigint {
    const isSafe = from < maxSafeInt64 && this.#lastStep < maxSafeInt64;
    const limit = isSafe ? maxSafeInt64 : maxInt64;
    return width === undefined || from + width > limit ? limit : from + width;
  }

  /** All lines of one step that has more of them than a response usually holds. */
  async #readStep(from: bigint): Promise<ReadWindow | null> {
    const before = this.#window.maxRows;
    for (let samples = before * 4; samples <= maxSamples; samples *= 4) {
      const window = await this.#request({ from, below: from + 1n, samples });
      if (window === null) return null;
      if (window === "too large") break;
      const { length } = window.lines;
      // Exactly as many as before, when more were asked for: that is where the service stops.
      if (length === before && before >= 1000) break;
      if (length < samples) return window;
    }
    throw new SourceError(
      `run ${this.#options.run}: step ${from} has more lines than the service returns at once`,
    );
  }

  async #request(range: Omit<HistoryRange, "run">): Promise<ReadWindow | null | "too large"> {
    const { run, batches, attempts } = this.#options;
    for (;;) {
      try {
        const response = await batches.request({ run, ...range }, attempts.limits());
        attempts.recordSuccess();
        this.#learn();
        const lines = orderBySteps(response?.history ?? []);
        const bytes = lines.reduce((sum, { length }) => sum + length, 0);
        return response && { response, lines, bytes, below: range.below };
      } catch (error) {
        const next = attempts.recordFailure(error);
        if (next === "same size") continue;
        if (next === "end" || !this.#window.canReduce) throw error;
        this.#window.reduceRows(1 / 4);
        this.#wasReduced = true;
        return "too large";
      }
    }
  }

  #learn(): void {
    if (!this.#wasReduced) return;
    this.#wasReduced = false;
    const { learned } = this.#options;
    learned.reducedRuns += 1;
    if (learned.reducedRuns > 1)
      learned.samples = Math.min(learned.samples ?? Infinity, this.#window.maxRows);
  }
}

function stepsOf(lines: readonly string[]): bigint[] {
  return lines
    .map(stepOf)
    .filter((step) => step !== undefined)
    .map(BigInt);
}
