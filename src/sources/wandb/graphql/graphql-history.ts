import { ResourceAttempts } from "../../../http/attempt-limits.ts";
import { maxInt64 } from "../../../json/int64.ts";
import {
  stepRange,
  type HistoryOptions,
  type HistoryPage,
  type HistoryRun,
} from "../reader/history-page.ts";
import {
  countLinesRead,
  HistoryDigest,
  positionAfter,
  type HistoryPosition,
} from "../reader/history-position.ts";
import type { HistoryBatches } from "./history-batches.ts";
import { WindowReader, type LearnedPageSize, type ReadWindow } from "./window-reader.ts";

interface GraphqlHistoryContext {
  readonly batches: HistoryBatches;
  readonly learned: LearnedPageSize;
  readonly retryAttempts: number;
}

/**
 * Reads a run's history in windows of steps, from where an earlier sync stopped. Sparse steps and
 * empty windows are not the end: the last step is, and each response names it. A history that has
 * changed is read again from its start.
 */
export async function* readGraphqlHistory(
  run: HistoryRun,
  { position, singleAttempt }: HistoryOptions,
  { batches, learned, retryAttempts }: GraphqlHistoryContext,
): AsyncGenerator<HistoryPage> {
  const attempts = new ResourceAttempts({ singleAttempt, retryAttempts });
  const pagesFrom = (start: HistoryPosition | undefined) => {
    const windows = new WindowReader({ run: run.id, batches, learned, attempts });
    return traverse(run, start, windows);
  };
  const isComplete = yield* pagesFrom(position);
  if (!isComplete) yield* pagesFrom(undefined);
}

/**
 * Yields the pages from a position to the end. Returns false if the history is not as it was:
 * rewound, or rewound and continued. Then it must be read again from its start.
 */
async function* traverse(
  { lineCount }: HistoryRun,
  start: HistoryPosition | undefined,
  windows: WindowReader,
): AsyncGenerator<HistoryPage, boolean> {
  const digest = start ? undefined : new HistoryDigest();
  let position = start;
  let rows = start?.rows ?? 0;
  let count = lineCount;
  // The first window begins with the last step read, to check that it is still the same.
  let overlap = start;
  for (let from = BigInt(start?.last ?? 0); ;) {
    const window = await windows.read(from, count === undefined ? undefined : count - rows);
    if (window === null) {
      yield { lines: [], bytes: 0, position: undefined, end: "vanished" };
      return true;
    }
    const { response, bytes, below } = window;
    count = response.historyLineCount ?? undefined;
    if (overlap && count !== undefined && count < overlap.rows) return false;
    const linesRead = overlap ? countLinesRead(window.lines, overlap) : 0;
    if (linesRead === undefined) return false;
    const lines = window.lines.slice(linesRead);
    position = positionAfter(lines, rows) ?? position;
    rows += lines.length;
    digest?.add(lines);
    const isLast = endsHistory(window, rows);
    // Also when resuming: an interrupted reread may have left deleted rows further on.
    const completeSteps = stepRange(overlap ? from + 1n : from, isLast ? undefined : below);
    const page = { lines, bytes, position, completeSteps };
    if (isLast) {
      const end = { rows, isWhole: !start, digest: digest?.end(), lineCount: count };
      yield { ...page, end };
      return true;
    }
    yield page;
    overlap = undefined;
    from = below;
  }
}

/** Whether nothing follows a window, with which `rows` lines have been read. */
function endsHistory({ response, below }: ReadWindow, rows: number): boolean {
  const { historyKeys, historyLineCount } = response;
  if (below === maxInt64) return true;
  const lastStep = historyKeys?.lastStep;
  if (lastStep !== undefined) return below > lastStep;
  if (historyLineCount != null) return rows >= historyLineCount;
  // A history without lines has no keys; an older server lacks the field.
  return historyKeys !== undefined;
}
