import type { Body } from "../body.ts";
import { isOverload, isTooLarge } from "../http-error.ts";

const mebibyte = 2 ** 20;

/**
 * Limits for the bytes of a page. Several pages are in memory at a time, each as bytes and as rows,
 * so these limits decide how much memory rows of a megabyte take.
 */
export interface PageByteLimits {
  /** Above this, the next page is requested in half the size. Default: 4 MiB. */
  readonly comfortableBytes?: number;
  /** Above this, a page of several rows is discarded and requested smaller. Default: 8 MiB. */
  readonly maxPageBytes?: number;
  /** The limit for a page of a single row. Default: 256 MiB. */
  readonly maxRowBytes?: number;
}

interface PageRequestLimits {
  readonly maxResponseBytes: number;
  readonly retryAttempts?: number;
}

/** Adapts the number of rows per request: fewer if pages are too large, more again after that. */
export class PageSize {
  readonly #bytes: Required<PageByteLimits>;
  #rows: number;
  #maxRows: number;
  /** What the list or the service allows, whatever was too much in between. */
  #allowedRows: number;
  #shrunkByOverload = false;

  constructor(
    maxRows: number,
    { rows = maxRows, ...bytes }: PageByteLimits & { readonly rows?: number } = {},
  ) {
    this.#rows = rows;
    this.#maxRows = maxRows;
    this.#allowedRows = maxRows;
    this.#bytes = {
      comfortableBytes: bytes.comfortableBytes ?? 4 * mebibyte,
      maxPageBytes: bytes.maxPageBytes ?? 8 * mebibyte,
      maxRowBytes: bytes.maxRowBytes ?? 256 * mebibyte,
    };
  }

  /** Rows for the next request, at least 1. */
  get rows(): number {
    return this.#rows;
  }

  /** Limits for the next request. */
  get limits(): PageRequestLimits {
    const { maxPageBytes, maxRowBytes } = this.#bytes;
    const maxResponseBytes = this.#rows > 1 ? maxPageBytes : maxRowBytes;
    // The service may be down rather than overloaded, and that should not take long to find out.
    return { maxResponseBytes, ...(this.#shrunkByOverload ? { retryAttempts: 1 } : {}) };
  }

  /**
   * Retries with fewer rows while the response is too large or the service overloaded. `send` must
   * use `rows` and `limits`. Throws errors that fewer rows would not help.
   */
  async requestWithSmallerPages<Response extends { readonly body: Pick<Body, "bytes"> }>(
    send: () => Promise<Response>,
  ): Promise<Response> {
    for (;;) {
      try {
        const response = await send();
        this.adaptTo(response.body.bytes);
        return response;
      } catch (error) {
        if (!this.shrinkAfter(error)) throw error;
      }
    }
  }

  /** Reduces the rows after an error; returns false if that would not help. */
  shrinkAfter(error: unknown): boolean {
    const overload = isOverload(error);
    if (this.#rows === 1 || !(overload || isTooLarge(error))) return false;
    this.#rows = Math.max(1, Math.floor(this.#rows / 8));
    // An overload takes long to show, so a size that caused one is never tried again.
    if (overload) this.#maxRows = this.#rows;
    this.#shrunkByOverload = overload;
    return true;
  }

  /** Adapts the rows to the size of a page that was received. */
  adaptTo(bytes: number): void {
    const { comfortableBytes } = this.#bytes;
    this.#shrunkByOverload = false;
    if (bytes > comfortableBytes) this.#rows = Math.max(1, Math.floor(this.#rows / 2));
    else if (bytes < comfortableBytes / 2) this.#rows = Math.min(this.#rows * 2, this.#maxRows);
  }

  /** Sets the rows, and never exceeds them from now on. */
  capAt(rows: number): void {
    this.#rows = rows;
    this.#maxRows = rows;
    this.#allowedRows = rows;
  }

  /** Sets the rows as they were before an overload that was not due to their number. */
  restore(): void {
    this.#rows = this.#allowedRows;
    this.#maxRows = this.#allowedRows;
    this.#shrunkByOverload = false;
  }

  /** Reduces the rows until they divide `offset`, so that a page can start there. */
  alignTo(offset: number): void {
    while (offset % this.#rows !== 0) this.#rows -= 1;
  }
}
