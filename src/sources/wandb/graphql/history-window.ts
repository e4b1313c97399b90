/** Rows of an answer that may still be complete are fewer than this. */
const defaultSamples = 1000;

/** How full a window should become: room for what is logged meanwhile, and for steps that are not evenly spread. */
const targetFill = 0.8;

/** How much wider a window is than the one before, at most. */
const maxGrowth = 8;

/** Bytes of an answer above which fewer rows are asked for. */
const comfortableBytes = 4 * 2 ** 20;

/** What is known of the history before a window is asked for. */
export interface Remaining {
  /** Lines that have not been read yet, where the service says how many there are. */
  readonly lines: number | undefined;
  /** Steps that have not been read yet, where the last one is known. */
  readonly steps: number | undefined;
}

/**
 * How many steps to ask for at once, so that the answer has fewer rows than it may have: a full one may be a sample. As no
 * step has two rows, a window of fewer steps than that is safe.
 */
export class HistoryWindow {
  #samples: number;
  #width: number | undefined;
  /** Whether the service's number of lines was too small once. */
  #surprised = false;

  constructor(samples = defaultSamples) {
    this.#samples = samples;
  }

  /** How many rows an answer may have. */
  get samples(): number {
    return this.#samples;
  }

  /** Steps to ask for; Infinity where all that is left fits. */
  width({ lines, steps }: Remaining): number {
    const fits = this.#samples * targetFill;
    if (lines !== undefined && lines < fits && !this.#surprised) return Infinity;
    const spread = lines && steps ? Math.floor((steps / lines) * fits) : 0;
    return Math.max(1, this.#width ?? Math.max(this.#samples - 1, spread));
  }

  /** Whether an answer may be a sample. A single step cannot be asked for in parts. */
  mayBeSampled(rows: number, width: number): boolean {
    return rows >= this.#samples && width > 1;
  }

  /** Narrows a window that was overfull: half of its rows are in its first `middle` steps. */
  narrow(width: number, middle: number): void {
    this.#surprised = true;
    this.#width = Math.max(1, Math.min(middle, Math.floor(width / 2)));
  }

  /** Takes note of an answer that was complete. */
  recordComplete(rows: number, width: number, bytes: number): void {
    if (bytes > comfortableBytes && this.#samples > 1) this.reduceSamples(comfortableBytes / bytes);
    if (width === Infinity) return;
    const growth = Math.min(maxGrowth, (this.#samples * targetFill) / rows);
    this.#width = Math.max(1, Math.floor(width * growth));
  }

  /** Asks for fewer rows from now on: a part of as many as before. */
  reduceSamples(part: number): void {
    this.#samples = Math.max(1, Math.floor(this.#samples * part));
    if (this.#width !== undefined) this.#width = Math.max(1, Math.floor(this.#width * part));
  }
}
