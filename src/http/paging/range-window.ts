/** The default for the maximum number of rows in a response. */
const defaultRows = 1000;

/** With fewer, a row could not be told from a sample of several. */
const minRows = 2;

/** How full a window should get: leaves room for rows added meanwhile, and for uneven keys. */
const targetFill = 0.8;

/** Size of a response above which fewer rows are requested. */
const comfortableBytes = 4 * 2 ** 20;

/** A response that may be a sample of its window. */
interface Sample {
  /** The first key of the window. */
  readonly from: bigint;
  /** The end of the window, exclusive. */
  readonly below: bigint;
  /** The keys of the response's rows, in ascending order. */
  readonly keys: readonly bigint[];
  /** How many rows the window has, if the service says so. */
  readonly count: number | undefined;
}

/** A response with all rows of its window. */
interface CompleteWindow {
  readonly count: number;
  readonly bytes: number;
  /** The keys of the first and the last row. */
  readonly first: bigint | undefined;
  readonly last: bigint | undefined;
}

/**
 * How many whole-numbered keys to request next from a service that returns a sample if there are
 * too many rows: a full response may be one, so that it should have fewer rows than its maximum.
 * The last response shows how dense the rows are; where they end, everything that follows is
 * requested, and either it fits or its sample shows where to go on.
 */
export class RangeWindow {
  #maxRows: number;
  /** Undefined: all that follows. */
  #width: bigint | undefined;
  /** Whether the service's count of rows turned out too low. */
  #countWasTooLow = false;

  constructor(maxRows = defaultRows) {
    this.#maxRows = maxRows;
    this.#width = this.#densest();
  }

  /** The maximum number of rows in a response. */
  get maxRows(): number {
    return this.#maxRows;
  }

  /** Whether fewer rows can be requested. */
  get canReduce(): boolean {
    return this.#maxRows > minRows;
  }

  /** Keys to request if the rest has this many rows; undefined: all that follow. */
  width(count: number | undefined): bigint | undefined {
    const fits = count !== undefined && count < this.#maxRows * targetFill;
    return fits && !this.#countWasTooLow ? undefined : this.#width;
  }

  /**
   * Narrows the window to a part that should fit: the sample shows how its rows are spread. If it
   * does not say how many there are, it is taken for half of them.
   */
  narrow({ from, below, keys, count = 2 * keys.length }: Sample): void {
    this.#countWasTooLow ||= count < this.#maxRows;
    const share = (this.#maxRows * targetFill) / Math.max(count, keys.length);
    const end = keys[Math.max(1, Math.floor(keys.length * Math.min(share, targetFill)))];
    const half = (below - from) / 2n;
    this.#width = max(end === undefined || end >= below ? half : end - from, 1n);
  }

  /** Adapts the window to a response that was complete. */
  recordComplete({ count, bytes, first, last }: CompleteWindow): void {
    if (bytes > comfortableBytes) this.reduceRows(comfortableBytes / bytes);
    if (first === undefined || last === undefined) {
      this.#width = undefined;
      return;
    }
    const span = last - first + 1n;
    const even = (span * BigInt(Math.floor(this.#maxRows * targetFill))) / BigInt(count);
    const hasOneRowPerKey = span >= BigInt(count);
    this.#width = max(even, hasOneRowPerKey ? this.#densest() : 1n);
  }

  /** Reduces the maximum number of rows to this fraction. */
  reduceRows(factor: number): void {
    const before = BigInt(this.#maxRows);
    this.#maxRows = Math.max(minRows, Math.floor(this.#maxRows * factor));
    const width = this.#width ?? before;
    this.#width = max((width * BigInt(this.#maxRows)) / before, this.#densest());
  }

  /** A window that fits as long as no key has two rows; at least 1. */
  #densest(): bigint {
    return BigInt(this.#maxRows - 1);
  }
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
