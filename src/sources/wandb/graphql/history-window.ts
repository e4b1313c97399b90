/** The default for the maximum number of lines in a response. */
const defaultSamples = 1000;

/** With fewer, a line could not be told from a sample of several. */
const minSamples = 2;

/** How full a window should get: leaves room for lines logged meanwhile, and for uneven steps. */
const targetFill = 0.8;

/** Size of a response above which fewer lines are requested. */
const comfortableBytes = 4 * 2 ** 20;

/** A response that may be a sample of its window. */
interface Sample {
  /** The first step of the window. */
  readonly from: bigint;
  /** The end of the window, exclusive. */
  readonly below: bigint;
  /** The steps of the response's lines, in ascending order. */
  readonly steps: readonly bigint[];
  /** How many lines the window has, if the service says so. */
  readonly lines: number | undefined;
}

/** A response with all lines of its window. */
interface CompleteWindow {
  readonly lines: number;
  readonly bytes: number;
  /** The steps of the first and the last line. */
  readonly first: bigint | undefined;
  readonly last: bigint | undefined;
}

/**
 * How many steps to request next, so that the response has fewer lines than its maximum: a full one
 * may be a sample. The last response shows how dense the lines are; where they end, everything
 * that follows is requested, and either it fits or its sample shows where to go on.
 */
export class HistoryWindow {
  #samples: number;
  /** Undefined: all that follows. */
  #width: bigint | undefined;
  /** Whether the service's line count turned out too low. */
  #countWasTooLow = false;

  constructor(samples = defaultSamples) {
    this.#samples = samples;
    this.#width = this.#densest();
  }

  /** The maximum number of lines in a response. */
  get samples(): number {
    return this.#samples;
  }

  /** Whether fewer lines can be requested. */
  get canReduce(): boolean {
    return this.#samples > minSamples;
  }

  /** Steps to request if the rest has this many lines; undefined: all that follow. */
  width(lines: number | undefined): bigint | undefined {
    const fits = lines !== undefined && lines < this.#samples * targetFill;
    return fits && !this.#countWasTooLow ? undefined : this.#width;
  }

  /** Whether a response of this many lines may be a sample. */
  isFull(lines: number): boolean {
    return lines >= this.#samples;
  }

  /**
   * Narrows the window to a part that should fit: the sample shows how its lines are spread. If it
   * does not say how many there are, it is taken for half of them.
   */
  narrow({ from, below, steps, lines = 2 * steps.length }: Sample): void {
    this.#countWasTooLow ||= lines < this.#samples;
    const share = (this.#samples * targetFill) / Math.max(lines, steps.length);
    const end = steps[Math.max(1, Math.floor(steps.length * Math.min(share, targetFill)))];
    const half = (below - from) / 2n;
    this.#width = atLeastOne(end === undefined || end >= below ? half : end - from);
  }

  /** Adapts the window to a response that was complete. */
  recordComplete({ lines, bytes, first, last }: CompleteWindow): void {
    if (bytes > comfortableBytes) this.reduceSamples(comfortableBytes / bytes);
    if (first === undefined || last === undefined) {
      this.#width = undefined;
      return;
    }
    const span = last - first + 1n;
    const even = (span * BigInt(Math.floor(this.#samples * targetFill))) / BigInt(lines);
    const hasOneLinePerStep = span >= BigInt(lines);
    this.#width = atLeastOne(hasOneLinePerStep ? max(even, this.#densest()) : even);
  }

  /** Reduces the maximum number of lines to this fraction. */
  reduceSamples(factor: number): void {
    const before = BigInt(this.#samples);
    this.#samples = Math.max(minSamples, Math.floor(this.#samples * factor));
    const width = this.#width ?? before;
    this.#width = max((width * BigInt(this.#samples)) / before, this.#densest());
  }

  /** A window that fits as long as no step has two lines. */
  #densest(): bigint {
    return BigInt(this.#samples - 1);
  }
}

function atLeastOne(width: bigint): bigint {
  return max(width, 1n);
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
