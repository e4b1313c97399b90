/**
 * How large pages may be. Several are under way at a time, each as bytes and as rows, so that these decide how much memory it takes to read
 * rows of a megabyte.
 */

/** Bytes of a page above which the following ones are asked for in half the size. */
export const comfortablePageBytes = 4 * 2 ** 20;

/** Bytes of a page of several rows above which it is given up, and fewer are asked for. */
export const mostPageBytes = 8 * 2 ** 20;

/** Bytes that a page of a single row may have. */
export const mostRowBytes = 256 * 2 ** 20;

/** Bytes that a page of so many rows may have. */
export function mostBytes(rows: number): number {
  return rows > 1 ? mostPageBytes : mostRowBytes;
}
