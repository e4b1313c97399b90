import { statusOf } from "../../../http/http-error.ts";
import { linkedPages, type ListClient } from "../../../http/paging/chained-pages.ts";
import type { HistoryOptions, HistoryPage } from "../reader/history-page.ts";
import { HistoryDigest, orderBySteps } from "../reader/history-position.ts";
import { stepOf, toStep } from "../reader/line-step.ts";

interface RestHistoryOptions extends Pick<HistoryOptions, "singleAttempt"> {
  readonly path: string;
}

/** How long a page may take of a run that failed in the last sync. */
const singleAttemptTimeoutMs = 30_000;

/**
 * Reads a run's history through REST, always from its first page to its last, as there is no way to
 * request a part. As long as the steps ascend, each page is complete from where the previous one
 * ended.
 */
export async function* readRestHistory(
  client: ListClient,
  { path, singleAttempt }: RestHistoryOptions,
): AsyncGenerator<HistoryPage> {
  const pages = new StepPages();
  const pageClient = singleAttempt ? withSingleAttempts(client) : client;
  try {
    for await (const { rows, bytes } of linkedPages(pageClient, { path, rowKeys: ["history"] })) {
      yield pages.next(rows, bytes);
    }
  } catch (error) {
    if (statusOf(error) !== 404 || pages.lineCount > 0) throw error;
    yield { lines: [], bytes: 0, position: undefined, end: "vanished" };
    return;
  }
  yield pages.last();
}

function withSingleAttempts(client: ListClient): ListClient {
  const limits = { retryAttempts: 0, requestTimeoutMs: singleAttemptTimeoutMs };
  return {
    baseUrl: client.baseUrl,
    request: (request) => client.request({ ...request, ...limits }),
  };
}

/** Pages of whole steps. The lines of a page's last step wait, as the next page may have more. */
class StepPages {
  readonly #digest = new HistoryDigest();
  #lineCount = 0;
  #waiting: readonly string[] = [];
  /** The first step not read yet; undefined once the steps did not ascend. */
  #from: bigint | undefined = 0n;

  /** How many lines there were so far. */
  get lineCount(): number {
    return this.#lineCount;
  }

  /** The page for further lines. */
  next(rows: readonly string[], bytes: number): HistoryPage {
    this.#lineCount += rows.length;
    this.#digest.add(rows);
    const lines = orderBySteps([...this.#waiting, ...rows]);
    const steps = lines.map(stepOf);
    const last = steps.findLast((step) => step !== undefined);
    const complete = last === undefined ? lines.length : steps.indexOf(last);
    this.#waiting = lines.slice(complete);
    const first = steps.find((step) => step !== undefined);
    const range = last === undefined ? {} : this.#range(first ?? last, BigInt(last));
    return { lines: lines.slice(0, complete), bytes, position: undefined, ...range };
  }

  /** The page after the last one. */
  last(): HistoryPage {
    const from = this.#from;
    return {
      lines: this.#waiting,
      bytes: 0,
      position: undefined,
      ...(from === undefined ? {} : { completeSteps: from > 0n ? { from: toStep(from) } : {} }),
      end: {
        rows: this.#lineCount,
        isWhole: true,
        digest: this.#digest.end(),
        date: undefined,
      },
    };
  }

  /** The steps before `below` that no later page may have, unless an earlier page went beyond. */
  #range(first: number | bigint, below: bigint): Pick<HistoryPage, "completeSteps"> {
    const from = this.#from;
    if (from === undefined || BigInt(first) < from) {
      this.#from = undefined;
      return {};
    }
    this.#from = below;
    const start = from > 0n ? { from: toStep(from) } : {};
    return below > from ? { completeSteps: { ...start, below: toStep(below) } } : {};
  }
}
