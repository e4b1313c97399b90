import type { Body } from "../body.ts";
import { isOverload, isTooLarge } from "../http-error.ts";

const mebibyte = 2 ** 20;

/**
 * How large pages may be. Several are under way at a time, each as bytes and as rows, so that this decides how much memory it takes to read
 * rows of a megabyte.
 */
export interface PageByteLimits {
  /** Bytes of a page above which the following ones are asked for in half the size. Default: 4 MiB. */
  readonly comfortableBytes?: number;
  /** Bytes of a page of several rows above which it is given up, and fewer are asked for. Default: 8 MiB. */
  readonly maxPageBytes?: number;
  /** Bytes that a page of a single row may have. Default: 256 MiB. */
  readonly maxRowBytes?: number;
}

/** What a request for a page is sent with. */
export interface PageRequestLimits {
  readonly maxResponseBytes: number;
  readonly retryAttempts?: number;
}

/** How many rows to ask for at once: fewer where that is too much for either side, more again behind rows that were large. */
export class PageSize {
  readonly #bytes: Required<PageByteLimits>;
  #rows: number;
  #most: number;
  #hasty = false;

  constructor(
    most: number,
    { rows = most, ...bytes }: PageByteLimits & { readonly rows?: number } = {},
  ) {
    this.#rows = rows;
    this.#most = most;
    this.#bytes = {
      comfortableBytes: bytes.comfortableBytes ?? 4 * mebibyte,
      maxPageBytes: bytes.maxPageBytes ?? 8 * mebibyte,
      maxRowBytes: bytes.maxRowBytes ?? 256 * mebibyte,
    };
  }

  /** Rows, at least 1. */
  get rows(): number {
    return this.#rows;
  }

  /** What a request for so many rows is sent with. */
  get limits(): PageRequestLimits {
    const { maxPageBytes, maxRowBytes } = this.#bytes;
    const maxResponseBytes = this.#rows > 1 ? maxPageBytes : maxRowBytes;
    // What is too much for the service may be just as well a service that is down, which should not take long to find out.
    return { maxResponseBytes, ...(this.#hasty ? { retryAttempts: 1 } : {}) };
  }

  /** Asks for rows until they are so few that the answer can be borne. Throws what fewer rows would not help against. */
  async requestWithSmallerPages<Answer extends { readonly body: Pick<Body, "bytes"> }>(
    ask: () => Promise<Answer>,
  ): Promise<Answer> {
    for (;;) {
      try {
        const answer = await ask();
        this.adaptTo(answer.body.bytes);
        return answer;
      } catch (error) {
        if (!this.shrinkAfter(error)) throw error;
      }
    }
  }

  /** Takes fewer rows after a failure. False where that would not help. */
  shrinkAfter(error: unknown): boolean {
    const overloads = isOverload(error);
    if (this.#rows === 1 || !(overloads || isTooLarge(error))) return false;
    this.#rows = Math.max(1, Math.floor(this.#rows / 8));
    // What was too much for the service once is not asked for again, for it takes long to find out.
    if (overloads) this.#most = this.#rows;
    this.#hasty = overloads;
    return true;
  }

  /** Takes note of how many bytes a page had. */
  adaptTo(bytes: number): void {
    const { comfortableBytes } = this.#bytes;
    this.#hasty = false;
    if (bytes > comfortableBytes) this.#rows = Math.max(1, Math.floor(this.#rows / 2));
    else if (bytes < comfortableBytes / 2) this.#rows = Math.min(this.#rows * 2, this.#most);
  }

  /** Asks for so many rows, and never for more. */
  capAt(rows: number): void {
    this.#rows = rows;
    this.#most = rows;
  }

  /** Takes as few rows less as it needs for a page to start behind so many rows. */
  alignTo(offset: number): void {
    while (offset % this.#rows !== 0) this.#rows -= 1;
  }
}
