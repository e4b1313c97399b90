/** Parsed JSON takes up to about this many times the memory of its text. */
const memoryPerByte = 8;

/**
 * How much memory all answers under way may take together, bodies and what is parsed from them. An
 * answer that does not fit waits, half read; the oldest never waits, so there is always one that
 * will end.
 */
export class AnswerMemory {
  readonly #maxBytes: number;
  /** Those whose answers have begun, oldest first. */
  readonly #shares = new Set<AnswerShare>();
  #bytes = 0;

  constructor(maxMemory: number) {
    this.#maxBytes = maxMemory / memoryPerByte;
  }

  /** The share of an answer, empty at first; disposing of it frees the memory. */
  open(): AnswerShare {
    const share = new AnswerShare({
      take: (bytes) => {
        this.#shares.add(share);
        if (!this.#mayTake(share, bytes)) return false;
        this.#bytes += bytes;
        return true;
      },
      free: (bytes) => {
        this.#bytes -= bytes;
        this.#shares.delete(share);
        for (const waiting of this.#shares) waiting.retry();
      },
    });
    return share;
  }

  #mayTake(share: AnswerShare, bytes: number): boolean {
    const [oldest] = this.#shares;
    return share === oldest || this.#bytes + bytes <= this.#maxBytes;
  }
}

interface ShareOptions {
  readonly take: (bytes: number) => boolean;
  readonly free: (bytes: number) => void;
}

/** What one answer takes of the memory for all. */
export class AnswerShare implements Disposable {
  readonly #options: ShareOptions;
  #bytes = 0;
  #retry: (() => void) | undefined;

  constructor(options: ShareOptions) {
    this.#options = options;
  }

  /** Takes memory for more bytes; undefined if there is enough, otherwise settles when there is. */
  take(bytes: number, signal: AbortSignal): Promise<void> | undefined {
    if (this.#tryTake(bytes)) return undefined;
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        this.#retry = undefined;
        reject(signal.reason as Error);
      };
      if (signal.aborted) {
        stop();
        return;
      }
      signal.addEventListener("abort", stop, { once: true });
      this.#retry = () => {
        if (!this.#tryTake(bytes)) return;
        this.#retry = undefined;
        signal.removeEventListener("abort", stop);
        resolve();
      };
    });
  }

  /** Tries again to take what it waits for. */
  retry(): void {
    this.#retry?.();
  }

  [Symbol.dispose](): void {
    this.#options.free(this.#bytes);
    this.#bytes = 0;
  }

  #tryTake(bytes: number): boolean {
    const taken = this.#options.take(bytes);
    if (taken) this.#bytes += bytes;
    return taken;
  }
}

/** The memory for the answers of all services that this process reads. */
export const answerMemory = new AnswerMemory(512 * 2 ** 20);
