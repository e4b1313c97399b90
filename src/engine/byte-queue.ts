/**
 * A queue between readers and one writer, so that reading runs ahead of writing in bounded memory:
 * it holds at most `limit` bytes, or a single item that is larger.
 */
export class ByteQueue<T> {
  readonly #limit: number;
  readonly #items: { readonly item: T; readonly bytes: number }[] = [];
  #bytes = 0;
  #end: { readonly error?: unknown } | undefined;
  /** Resolved and replaced on every change. */
  #change = newSignal();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Waits until there is room, then adds. */
  async push(item: T, bytes: number): Promise<void> {
    while (!this.#end && this.#items.length > 0 && this.#bytes + bytes > this.#limit) {
      await this.#change.promise;
    }
    this.#items.push({ item, bytes });
    this.#bytes += bytes;
    this.#changed();
  }

  /** Ends the queue; with an error, iteration throws it after the last item. */
  close(end: { readonly error?: unknown } = {}): void {
    this.#end ??= end;
    this.#changed();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void> {
    for (;;) {
      const next = this.#items.shift();
      if (next) {
        this.#bytes -= next.bytes;
        this.#changed();
        yield next.item;
      } else if (this.#end) {
        if ("error" in this.#end) throw this.#end.error;
        return;
      } else {
        await this.#change.promise;
      }
    }
  }

  #changed(): void {
    this.#change.resolve();
    this.#change = newSignal();
  }
}

function newSignal(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}
