/** Parses times of extraction; cached, because records that were extracted together share one. */
export class ExtractionTimes {
  #last = { text: "", at: NaN };

  /** Milliseconds since 1970; infinite if there is no time. */
  parse(text: string | undefined): number {
    if (text === undefined) return Infinity;
    if (text !== this.#last.text) this.#last = { text, at: Date.parse(text) };
    return Number.isNaN(this.#last.at) ? Infinity : this.#last.at;
  }
}
