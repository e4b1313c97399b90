import { linkedPages, type ListClient } from "../../../http/paging/chained-pages.ts";
import { statusOf } from "../../../http/http-error.ts";
import { parseStep } from "../reader/history-position.ts";
import type { HistoryPage } from "../reader/project-reader.ts";

/**
 * A run's history through REST: from its first page to its last, as there is no way to ask for a part. As long as the steps ascend, a
 * page shows what is gone between the one before and itself.
 */
export async function* readRestHistory(
  client: ListClient,
  path: string,
  seen: string | undefined,
): AsyncGenerator<HistoryPage> {
  let read = 0;
  /** The first step that was not shown yet; undefined once the steps did not ascend. */
  let from: number | undefined = 0;
  try {
    for await (const { rows, bytes } of linkedPages(client, { path, rowKeys: ["history"] })) {
      read += rows.length;
      const below: number | undefined = from === undefined ? undefined : nextStep(rows, from);
      const whole = from === undefined || below === undefined ? undefined : range(from, below);
      yield { lines: rows, bytes, resume: undefined, ...(whole ? { completeSteps: whole } : {}) };
      from = below;
    }
  } catch (error) {
    if (statusOf(error) !== 404 || read > 0) throw error;
    yield { lines: [], bytes: 0, resume: undefined, end: "vanished" };
    return;
  }
  const end = { read, lines: undefined, running: false, seen };
  const whole = from === undefined ? undefined : range(from, undefined);
  yield { lines: [], bytes: 0, resume: undefined, end, ...(whole ? { completeSteps: whole } : {}) };
}

/** The step after the last of these rows; undefined where they do not ascend from `from` on. */
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
