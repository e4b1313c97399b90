/** A page: `size` rows from `start` on, which is a multiple of `size`. */
export interface Window {
  readonly start: number;
  readonly size: number;
}

/** What was passed before a page. */
interface Passed {
  /** The number of rows. */
  readonly offset: number;
  /** The id of the last one. */
  readonly below: string;
}

/**
 * Whether a page reaches the last row that was passed. Otherwise rows have come before it, or the
 * service has cut the window to a maximum of its own, and the page is not the one that was asked
 * for: a short page shows that if the row is not where it was.
 *
 * @param ids - Those of the page's rows, in descending order.
 */
export function reaches(
  { offset, below }: Passed,
  window: Window,
  ids: readonly string[],
): boolean {
  const { start, size } = window;
  if ((ids.at(-1) ?? "") > below) return false;
  const isShort = start > 0 && ids.length > 0 && ids.length < size;
  return !isShort || ids[offset - 1 - start] === below;
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
