/** Rows take up to about this many times the memory of their JSON until they are written. */
const memoryPerByte = 8;

interface Thresholds {
  /** An answer up to this size never waits: whoever holds memory may need it to go on. */
  readonly smallBytes?: number;
  /** A larger answer can be held, and waits for those that are. */
  readonly largeBytes?: number;
  /** The longest time for which an answer is held. */
  readonly maxHeldMs?: number;
}

const mebibyte = 2 ** 20;

/**
 * How much memory all answers may take together, bodies and what is parsed from them: while they
 * are received and parsed, and large ones until their rows are written. An answer that does not fit
 * waits, half read; the oldest waits for none but those that are held, and these end by themselves.
 */
export class AnswerMemory {
  readonly #maxBytes: number;
  readonly #thresholds: Required<Thresholds>;
  /** Those whose answers have begun, oldest first. */
  readonly #shares = new Set<AnswerShare>();
  #bytes = 0;
  #heldBytes = 0;

  constructor(maxMemory: number, thresholds: Thresholds = {}) {
    this.#maxBytes = maxMemory / memoryPerByte;
    this.#thresholds = {
      smallBytes: mebibyte,
      largeBytes: 8 * mebibyte,
      maxHeldMs: 30_000,
      ...thresholds,
    };
  }

  /** The share of an answer, empty at first; disposing of it frees the memory. */
  open(): AnswerShare {
    const share: AnswerShare = new AnswerShare({
      take: (bytes) => {
        this.#shares.add(share);
        if (!this.#mayTake(share, bytes)) return false;
        this.#bytes += bytes;
        return true;
      },
      free: (bytes) => {
        this.#bytes -= bytes;
        this.#shares.delete(share);
        this.#retry();
      },
    });
    return share;
  }

  /**
   * Holds memory for an answer of this size until the result is disposed of; at most for a limited
   * time, as its reader may wait for something that waits for memory. Undefined if it is not large.
   */
  hold(bytes: number): Disposable | undefined {
    if (!this.isLarge(bytes)) return undefined;
    let heldBytes = bytes;
    this.#heldBytes += heldBytes;
    const end = (): void => {
      clearTimeout(timer);
      this.#heldBytes -= heldBytes;
      heldBytes = 0;
      this.#retry();
    };
    const timer = setTimeout(end, this.#thresholds.maxHeldMs).unref();
    return { [Symbol.dispose]: end };
  }

  /** Whether an answer of this size waits for those that are held, and can be held. */
  isLarge(bytes: number): boolean {
    return bytes > this.#thresholds.largeBytes;
  }

  #mayTake(share: AnswerShare, more: number): boolean {
    const bytes = share.bytes + more;
    if (bytes <= this.#thresholds.smallBytes) return true;
    const heldBytes = this.isLarge(bytes) ? this.#heldBytes : 0;
    const [oldest] = this.#shares;
    if (share === oldest && heldBytes === 0) return true;
    return this.#bytes + heldBytes + more <= this.#maxBytes;
  }

  #retry(): void {
    for (const share of this.#shares) share.retry();
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

  get bytes(): number {
    return this.#bytes;
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
export const answerMemory = new AnswerMemory(512 * mebibyte);
