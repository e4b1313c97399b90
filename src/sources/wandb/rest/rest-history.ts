import { statusOf } from "../../../http/http-error.ts";
import { linkedPages, type ListClient } from "../../../http/paging/chained-pages.ts";
import { parseStep } from "../reader/history-position.ts";
import type { HistoryPage } from "../reader/project-reader.ts";

/**
 * Reads a run's history through REST, always from its first page to its last, as there is no way to
 * request a part. As long as the steps ascend, each page is complete from where the previous one
 * ended.
 */
export async function* readRestHistory(
  client: ListClient,
  path: string,
  lastSeen: string | undefined,
): AsyncGenerator<HistoryPage> {
  let linesRead = 0;
  /** The first step not read yet; undefined once the steps did not ascend. */
  let from: number | undefined = 0;
  try {
    for await (const { rows, bytes } of linkedPages(client, { path, rowKeys: ["history"] })) {
      linesRead += rows.length;
      const below: number | undefined = from === undefined ? undefined : nextStep(rows, from);
      const completeSteps =
        from === undefined || below === undefined ? undefined : range(from, below);
      yield { lines: rows, bytes, resume: undefined, ...(completeSteps ? { completeSteps } : {}) };
      from = below;
    }
  } catch (error) {
    if (statusOf(error) !== 404 || linesRead > 0) throw error;
    yield { lines: [], bytes: 0, resume: undefined, end: "vanished" };
    return;
  }
  const end = { linesRead, lineCount: undefined, isRunning: false, lastSeen };
  const completeSteps = from === undefined ? undefined : range(from, undefined);
  yield {
    lines: [],
    bytes: 0,
    resume: undefined,
    end,
    ...(completeSteps ? { completeSteps } : {}),
  };
}

/** The step after the last of these lines; undefined if they do not ascend from `from` on. */
function nextStep(rows: readonly string[], from: number): number | undefined {
  let after = from;
  for (const row of rows) {
    const step = parseStep(row);
    if (step === undefined || step < after) return undefined;
    after = step + 1;
  }
  return after;
}

function range(from: number, below: number | undefined) {
  return { ...(from > 0 ? { from } : {}), ...(below === undefined ? {} : { below }) };
}
