/** Memoises promises by key; a rejected one is evicted, so the next call tries again. */
export class AsyncMemo<T> {
  readonly #promises = new Map<string, Promise<T>>();

  /** The promise of this key; calls `load` if there is none. */
  get(key: string, load: () => Promise<T>): Promise<T> {
    const memoised = this.#promises.get(key);
    if (memoised) return memoised;
    const promise = load();
    this.#promises.set(key, promise);
    promise.catch(() => this.#promises.delete(key));
    return promise;
  }
}
