/**
 * Sweeps, as JSON text, that wait for a message to travel with. The next one of any stream takes
 * them, because each names its own stream.
 */
export class PendingSweeps {
  #texts: string[] = [];

  get isEmpty(): boolean {
    return this.#texts.length === 0;
  }

  add(text: string): void {
    this.#texts.push(text);
  }

  /** The sweeps as a member of the message's extension; none if there are none. */
  take(): (readonly ["sweeps", string])[] {
    const texts = this.#texts;
    this.#texts = [];
    return texts.length === 0 ? [] : [["sweeps", `[${texts.join(",")}]`]];
  }
}
