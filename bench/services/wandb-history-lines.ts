/** A part of a history: the steps from `from` (inclusive) to `below` (exclusive). */
interface HistoryWindow {
  readonly from: number;
  readonly below: number;
  /** The maximum number of lines in a response. */
  readonly samples: number;
}

/** Lines as in a response, and how many they are. */
interface SentLines {
  readonly text: Buffer;
  readonly count: number;
}

/** The lines of a history as in a response: JSON strings separated by commas, serialized once. */
export class HistoryLines {
  readonly #text: Buffer;
  /** The offset of each step's line, and the end of the last one. */
  readonly #starts: Uint32Array;

  /** Takes one line per step, from step 0 on. */
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

  /**
   * The lines of a window. Throws a RangeError if there are so many that W&B would send a sample.
   */
  window({ from, below, samples }: HistoryWindow): SentLines {
    const first = Math.max(0, from);
    const end = Math.min(below, this.#starts.length - 1);
    if (end - first > samples) {
      throw new RangeError(`steps ${first} to ${end} are more than ${samples} lines: a sample`);
    }
    if (first >= end) return { text: Buffer.alloc(0), count: 0 };
    const comma = 1;
    const text = this.#text.subarray(this.#starts[first], (this.#starts[end] ?? 0) - comma);
    return { text, count: end - first };
  }
}
