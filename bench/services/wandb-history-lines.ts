/** A part of a history. */
export interface HistoryWindow {
  /** The first step. */
  readonly from: number;
  /** The first step that is not in it any more. */
  readonly below: number;
  /** How many lines an answer may have. */
  readonly samples: number;
}

/** The lines of a history as they stand in an answer: JSON strings with commas between them, serialised once. */
export class HistoryLines {
  readonly #text: Buffer;
  /** Where the line of each step begins, and where the one after the last would. */
  readonly #starts: Uint32Array;

  /** Takes a line for each step, from step 0 on. */
  constructor(lines: readonly string[]) {
    const texts = lines.map((line) => `${JSON.stringify(line)},`);
    this.#text = Buffer.from(texts.join(""));
    this.#starts = new Uint32Array(lines.length + 1);
    let end = 0;
    for (const [step, text] of texts.entries()) {
      end += Buffer.byteLength(text);
      this.#starts[step + 1] = end;
    }
  }

  /** The lines of a window. Throws a RangeError where there are so many that the service would answer with a sample of them. */
  window({ from, below, samples }: HistoryWindow): Buffer {
    const first = Math.max(0, from);
    const end = Math.min(below, this.#starts.length - 1);
    if (end - first > samples) {
      throw new RangeError(`steps ${first} to ${end} are more than ${samples} lines: a sample`);
    }
    if (first >= end) return Buffer.alloc(0);
    const comma = 1;
    return this.#text.subarray(this.#starts[first], (this.#starts[end] ?? 0) - comma);
  }
}
