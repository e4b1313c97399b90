import { statusOf } from "../../../http/http-error.ts";
import { linkedPages, type ListClient } from "../../../http/paging/chained-pages.ts";
import { stepRange, type HistoryOptions, type HistoryPage } from "../reader/history-page.ts";
import { HistoryDigest, orderBySteps } from "../reader/history-position.ts";
import { stepOf, type Step } from "../reader/line-step.ts";

interface RestHistoryOptions extends Pick<HistoryOptions, "singleAttempt"> {
  readonly path: string;
}

/** How long a page may take of a run that failed in the last sync. */
const singleAttemptTimeoutMs = 30_000;

/**
 * Reads a run's history through REST, always from its first page to its last, as there is no way to
 * request a part. As long as the steps ascend, each page is complete from where the previous one
 * ended. The lines of a page's last step wait, as the next page may have more.
 */
export async function* readRestHistory(
  client: ListClient,
  { path, singleAttempt }: RestHistoryOptions,
): AsyncGenerator<HistoryPage> {
  const pageClient = singleAttempt ? withSingleAttempts(client) : client;
  const digest = new HistoryDigest();
  let count = 0;
  let waiting: readonly string[] = [];
  /** The first step not read yet; undefined once the steps did not ascend. */
  let from: bigint | undefined = 0n;
  try {
    const pages = linkedPages(pageClient, { path, rowKeys: ["history"] });
    for await (const { rows, bytes, held } of pages) {
      count += rows.length;
      digest.add(rows);
      const { first, last, ...lines } = splitAtLastStep([...waiting, ...rows]);
      waiting = lines.waiting;
      const start: bigint | undefined = from;
      if (start !== undefined && first !== undefined && last !== undefined)
        from = first < start ? undefined : BigInt(last);
      const isComplete = start !== undefined && from !== undefined && from > start;
      const completeSteps = isComplete ? stepRange(start, from) : undefined;
      yield { lines: lines.complete, bytes, held, position: undefined, completeSteps };
    }
  } catch (error) {
    if (statusOf(error) !== 404 || count > 0) throw error;
    yield { lines: [], bytes: 0, position: undefined, end: "vanished" };
    return;
  }
  const completeSteps = from === undefined ? undefined : stepRange(from);
  const end = { rows: count, isWhole: true, digest: digest.end(), lineCount: undefined };
  yield { lines: waiting, bytes: 0, position: undefined, completeSteps, end };
}

function withSingleAttempts(client: ListClient): ListClient {
  const limits = { retryAttempts: 0, requestTimeoutMs: singleAttemptTimeoutMs };
  return {
    baseUrl: client.baseUrl,
    request: (request) => client.request({ ...request, ...limits }),
  };
}

interface SplitLines {
  readonly complete: readonly string[];
  readonly waiting: readonly string[];
  readonly first: Step | undefined;
  readonly last: Step | undefined;
}

function splitAtLastStep(unordered: readonly string[]): SplitLines {
  const lines = orderBySteps(unordered);
  const steps = lines.map(stepOf);
  const first = steps.find((step) => step !== undefined);
  const last = steps.findLast((step) => step !== undefined);
  const end = last === undefined ? lines.length : steps.indexOf(last);
  return { complete: lines.slice(0, end), waiting: lines.slice(end), first, last };
}
