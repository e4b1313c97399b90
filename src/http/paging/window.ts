/** A page: `size` rows from `start` on, which is a multiple of `size`. */
export interface Window {
  readonly start: number;
  readonly size: number;
}

interface Progress {
  /** Rows that were passed. */
  readonly offset: number;
  /** The page must not start before this row. */
  readonly floor: number;
  /** Rows of a page, at most. */
  readonly maxRows: number;
}

/**
 * The page that reaches furthest and begins with the last row that was passed, or above it. If
 * there is none, as in pages of one row, it begins with the next row.
 */
export function nextWindow({ offset, floor, maxRows }: Progress): Window {
  const latest = Math.max(floor, offset - 1);
  let best: Window | undefined;
  let end = offset;
  for (let size = 2; size <= maxRows; size += 1) {
    const start = Math.floor(latest / size) * size;
    if (start < floor || start + size <= end) continue;
    best = { start, size };
    end = start + size;
  }
  return best ?? { start: offset, size: 1 };
}
