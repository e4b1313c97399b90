import type { Counts, SyncEnd, WriteResult } from "../core/destination.ts";
import type { RequestStats } from "../core/request-stats.ts";
import type { Families, pipelineLabels } from "./families.ts";
import type { RunStatus } from "./metrics-options.ts";

/** Which pipeline a series belongs to. */
export type PipelineLabels = Readonly<Record<(typeof pipelineLabels)[number], string>>;

/** The size of one transaction. */
interface WriteSize {
  readonly bytes: number;
  readonly documents: number;
  /** When the oldest document was read, in milliseconds since 1970. Absent: no documents. */
  readonly oldest?: number;
}

/** How a sync ended. */
interface RunEnd extends Pick<SyncEnd, "counts"> {
  readonly status: Exclude<RunStatus, "running">;
}

const statuses = [
  "running",
  "completed",
  "partial",
  "failed",
  "interrupted",
  "locked",
] as const satisfies readonly RunStatus[];

const results = [
  "inserted",
  "updated",
  "unchanged",
  "deleted",
  "rejected",
] as const satisfies readonly (keyof Counts)[];

/** The series of one pipeline. */
export class PipelineMetrics {
  readonly #families: Families;
  readonly #labels: PipelineLabels;
  readonly #now: () => number;
  readonly #requestStats = new Set<RequestStats>();
  #startedAt: number | undefined;
  #isRunning = false;
  #lastComplete: number | undefined;
  #counts: WriteResult = new Map();

  constructor(families: Families, labels: PipelineLabels, now: () => number) {
    this.#families = families;
    this.#labels = labels;
    this.#now = now;
    const { bytes, documents, errors, lag } = families;
    for (const counter of [bytes, documents, errors]) counter.inc(labels, 0);
    lag.set(labels, 0);
  }

  /** Adds the requests of another client. */
  addRequestStats(stats: RequestStats): void {
    this.#requestStats.add(stats);
  }

  /** Adds what the clients have done so far to counters that start at 0. */
  collectRequests(): void {
    const { requests, retries, waited } = this.#families;
    const sum = (valueOf: (stats: RequestStats) => number) =>
      [...this.#requestStats].reduce((total, stats) => total + valueOf(stats), 0);
    requests.inc(
      this.#labels,
      sum((stats) => stats.requests),
    );
    retries.inc(
      this.#labels,
      sum((stats) => stats.retries),
    );
    waited.inc(
      this.#labels,
      sum((stats) => stats.waitedMs / 1000),
    );
  }

  /** Counts a transaction. */
  countWritten({ bytes, documents, oldest }: WriteSize): void {
    this.#families.bytes.inc(this.#labels, bytes);
    this.#families.documents.inc(this.#labels, documents);
    if (oldest === undefined) return;
    this.#families.lag.set(this.#labels, Math.max(0, this.#now() - oldest) / 1000);
  }

  /** Counts a stream's rows by result. */
  countRows(stream: string, counts: Counts): void {
    for (const result of results)
      this.#families.rows.inc({ ...this.#labels, stream, result }, counts[result]);
  }

  /** Counts quarantined documents, or failed streams or syncs. */
  countErrors(errors: number): void {
    this.#families.errors.inc(this.#labels, errors);
  }

  /** Sets the end of the last complete sync. Before the first one there is none, not 1970. */
  setLastComplete(at: Date): void {
    this.#lastComplete = at.getTime();
    this.#families.lastComplete.set(this.#labels, this.#lastComplete / 1000);
  }

  /** Sets the number of settled entries, once a sync has counted them. */
  setSettled(entries: number): void {
    this.#families.settled.set(this.#labels, entries);
  }

  /** A sync has begun; until it ends, the other metrics of the last run are not touched. */
  beginRun(at: Date): void {
    this.#startedAt = at.getTime();
    this.#isRunning = true;
    this.#setStatus("running");
  }

  /** A sync has failed. What it wrote until then is known if it could still report its end. */
  failRun(status: RunEnd["status"]): void {
    this.endRun({ status, counts: this.#isRunning ? new Map() : this.#counts });
  }

  /** A sync has ended. */
  endRun({ status, counts }: RunEnd): void {
    const { runEnd, runSeconds, runLag, runRows } = this.#families;
    const now = this.#now();
    if (status === "completed") this.setLastComplete(new Date(now));
    this.#setStatus(status);
    runEnd.set(this.#labels, now / 1000);
    runSeconds.set(this.#labels, (now - (this.#startedAt ?? now)) / 1000);
    if (this.#lastComplete !== undefined)
      runLag.set(this.#labels, Math.max(0, now - this.#lastComplete) / 1000);
    for (const stream of this.#counts.keys())
      for (const result of results) runRows.remove({ ...this.#labels, stream, result });
    this.#counts = counts;
    this.#isRunning = false;
    for (const [stream, ofStream] of counts)
      for (const result of results)
        runRows.set({ ...this.#labels, stream, result }, ofStream[result]);
  }

  #setStatus(status: RunStatus): void {
    for (const one of statuses)
      this.#families.runStatus.set({ ...this.#labels, status: one }, one === status ? 1 : 0);
  }
}
