/**
 * A queue between readers and one writer that holds at most so many bytes (and always at least one item, however
 * large), so that reading runs ahead of writing in bounded memory.
 */
export class ByteQueue<T> {
  readonly #limit: number;
  readonly #items: { readonly item: T; readonly bytes: number }[] = [];
  #bytes = 0;
  #end: { readonly error?: unknown } | undefined;
  /** Settled, and replaced, whenever anything changes. */
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

  /** No more will come; with an error, the reader gets that after the last item. */
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
