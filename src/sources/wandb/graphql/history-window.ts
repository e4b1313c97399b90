/** The default for the maximum number of lines in a response. */
const defaultSamples = 1000;

/** How full a window should get: leaves room for lines logged meanwhile, and for uneven steps. */
const targetFill = 0.8;

/** Maximum growth from one window to the next. */
const maxGrowth = 8;

/** Size of a response above which fewer lines are requested. */
const comfortableBytes = 4 * 2 ** 20;

/** What remains of a history, as far as is known. */
export interface Remaining {
  /** Lines not read yet, if the service says how many there are. */
  readonly lines: number | undefined;
  /** Steps not read yet, if the last one is known. */
  readonly steps: number | undefined;
}

/**
 * How many steps to request, so that the response has fewer lines than its maximum: a full one may
 * be a sample. As no step has two lines, a window of fewer steps than the maximum is safe.
 */
export class HistoryWindow {
  #samples: number;
  #width: number | undefined;
  /** Whether the service's line count turned out too low. */
  #countWasTooLow = false;

  constructor(samples = defaultSamples) {
    this.#samples = samples;
  }

  /** The maximum number of lines in a response. */
  get samples(): number {
    return this.#samples;
  }

  /** Steps to request; Infinity if the whole rest fits. */
  width({ lines, steps }: Remaining): number {
    const fits = this.#samples * targetFill;
    if (lines !== undefined && lines < fits && !this.#countWasTooLow) return Infinity;
    const evenWidth = lines && steps ? Math.floor((steps / lines) * fits) : 0;
    return Math.max(1, this.#width ?? Math.max(this.#samples - 1, evenWidth));
  }

  /** Whether a response may be a sample. A single step cannot be split. */
  mayBeSampled(lineCount: number, width: number): boolean {
    return lineCount >= this.#samples && width > 1;
  }

  /**
   * Narrows the window after a possible sample; half of its lines are in its first `middle` steps.
   */
  narrow(width: number, middle: number): void {
    this.#countWasTooLow = true;
    this.#width = Math.max(1, Math.min(middle, Math.floor(width / 2)));
  }

  /** Adapts the window to a response that was complete. */
  recordComplete(lineCount: number, width: number, bytes: number): void {
    if (bytes > comfortableBytes && this.#samples > 1) this.reduceSamples(comfortableBytes / bytes);
    if (width === Infinity) return;
    const growth = Math.min(maxGrowth, (this.#samples * targetFill) / lineCount);
    this.#width = Math.max(1, Math.floor(width * growth));
  }

  /** Reduces the maximum number of lines to this fraction. */
  reduceSamples(factor: number): void {
    this.#samples = Math.max(1, Math.floor(this.#samples * factor));
    if (this.#width !== undefined) this.#width = Math.max(1, Math.floor(this.#width * factor));
  }
}
