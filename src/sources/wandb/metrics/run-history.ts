import { partitionKey } from "../../../core/partition-key.ts";
import type { Checkpoint, Rejected, StreamBatch, Sweep } from "../../../core/source.ts";
import type { Semaphore } from "../../../engine/semaphore.ts";
import type { ListedRun } from "../reader/listed-run.ts";
import { partitionOf, runColumnsOf, type ProjectScope } from "../project/project-scope.ts";
import type { HistoryPage } from "../reader/history-page.ts";
import type { HistoryPosition } from "../reader/history-position.ts";
import type { ProjectReader } from "../reader/project-reader.ts";
import { HeldSweeps } from "../../../engine/held-sweeps.ts";
import { formatEntry, type HistoryEntry } from "./history-entry.ts";
import { judgeRead, lineCountOf, maySettle, type FinishedRead } from "./history-outcome.ts";
import type { HistoryPlan } from "./history-plan.ts";
import type { MetricFilter } from "./metric-filter.ts";
import { MetricRows, type MetricBatch } from "./metric-rows.ts";
import { openCheckpoint } from "./open-history.ts";

/** Rows per batch; a page may hold many times as many. */
const rowsPerBatch = 1000;

/** Approximate size in memory of a row that waits to be written. */
const bytesPerRow = 250;

/** What the histories of a project's runs share. */
export interface RunHistoryContext {
  readonly scope: ProjectScope;
  readonly reader: ProjectReader;
  readonly isWanted: MetricFilter;
  /** What the rows depend on, as a digest. */
  readonly rowScope: string;
  /** Limits how many histories are turned into rows at once: waiting lines take less memory. */
  readonly semaphore: Semaphore;
  /** The service's clock, in milliseconds since 1970. */
  readonly now: number;
}

/** What is to be read of a run, and what an earlier sync knew. */
interface RunToRead {
  readonly run: ListedRun;
  readonly plan: HistoryPlan;
  readonly before: HistoryEntry | undefined;
  /** Whether the table may have rows of the run, which a read may find gone. */
  readonly mayHaveRows: boolean;
}

/** Reads the history of one run, and judges whether all of it was there. */
export class RunHistoryReader {
  readonly #run: ListedRun;
  readonly #plan: HistoryPlan;
  readonly #before: HistoryEntry | undefined;
  readonly #context: RunHistoryContext;
  readonly #mayHaveRows: boolean;
  #position: HistoryPosition | undefined;
  #rejected = 0;
  #beforeRejected: HistoryPosition | undefined;
  #held = new HeldSweeps();

  constructor({ run, plan, before, mayHaveRows }: RunToRead, context: RunHistoryContext) {
    this.#run = run;
    this.#plan = plan;
    this.#before = before;
    this.#mayHaveRows = mayHaveRows;
    this.#context = context;
    this.#position = plan.position;
  }

  /** The run's own checkpoint if reading fails now: the next sync tries it once. */
  failed(): Checkpoint {
    return this.#checkpoint(true);
  }

  /**
   * Reads the history. The last batch removes the run's own checkpoint.
   *
   * @param onRead - Gets the run's entry for the ledger before the last batch is yielded; to be
   *   saved before that batch.
   */
  async *read(
    signal: AbortSignal,
    onRead: (entry: string) => void,
  ): AsyncGenerator<StreamBatch, void> {
    for (let start = this.#plan.position; ; start = undefined) {
      this.#held = new HeldSweeps();
      this.#position = start;
      const read = yield* this.#readFrom(start, signal);
      // A deleted run gets no entry; what was read of it is found by its own checkpoint.
      if (!read) return;
      const known = { before: this.#before, now: this.#context.now };
      const { entry, gap } = judgeRead(this.#run, read, known);
      if (!entry) continue;
      if (read.end.rows >= lineCountOf(this.#run, read.end))
        yield* toSweepBatches(this.#held.release());
      onRead(formatEntry(entry));
      const isSettled = entry.status === "settled";
      const rejected = gap === undefined ? [] : [this.#gap(gap, isSettled)];
      yield { rows: [], bytes: 0, checkpoint: null, rejected };
      return;
    }
  }

  async *#readFrom(
    position: HistoryPosition | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<StreamBatch, FinishedRead | undefined> {
    const { reader, semaphore } = this.#context;
    const { singleAttempt } = this.#plan;
    this.#rejected = position ? (this.#plan.rejected ?? 0) : 0;
    this.#beforeRejected = this.#rejected === 0 ? position : undefined;
    for await (const page of reader.readHistory(this.#run, { position, singleAttempt })) {
      signal.throwIfAborted();
      if (page.end === "vanished") return undefined;
      const release = await semaphore.acquire();
      try {
        yield* this.#batches(page);
      } finally {
        release();
      }
      if (this.#rejected === 0) this.#beforeRejected = page.position;
      if (page.end) return this.#finished(page, page.end);
    }
    return undefined;
  }

  #finished({ position }: HistoryPage, end: FinishedRead["end"]): FinishedRead {
    const [rejected, beforeRejected] = [this.#rejected, this.#beforeRejected];
    return { end, position, rejected, beforeRejected };
  }

  *#batches(page: HistoryPage): Generator<StreamBatch> {
    const batches = this.#newRows().batches(page.lines, rowsPerBatch);
    let next = batches.next();
    for (; !next.done; next = batches.next()) yield this.#toBatch(next.value, page);
    const sweep = this.#mayHaveRows ? this.#sweep(page) : undefined;
    const sweeps = sweep ? this.#held.add(sweep, page.bytes) : [];
    if (!sweep || !this.#held.isHolding) this.#position = page.position;
    const { held } = page;
    yield { ...this.#toBatch(next.value, page), held, checkpoint: this.#checkpoint(false) };
    yield* toSweepBatches(sweeps);
  }

  #newRows(): MetricRows {
    const { scope, isWanted } = this.#context;
    return new MetricRows({ scope, isWanted, run: this.#run.id });
  }

  /** A line without a step gets the first one of its page as its location. */
  #toBatch({ rows, rejected }: MetricBatch, { completeSteps }: HistoryPage): StreamBatch {
    const settled = this.#maySettle();
    this.#rejected += rejected.length;
    const first = completeSteps?.from === undefined ? {} : { step: completeSteps.from };
    return {
      rows,
      rejected: rejected.map((entry) => ({
        ...entry,
        ...(settled ? { settled } : {}),
        where: { ...first, ...entry.where },
      })),
      bytes: rows.length * bytesPerRow,
    };
  }

  /** Whether the history is settled if this read finds the same lines as before. */
  #maySettle(): boolean {
    const { short } = this.#before ?? {};
    return short !== undefined && maySettle(this.#run, short.since, this.#context.now);
  }

  /**
   * A sweep of the steps that a page contains completely. Its keys are derived from the lines
   * again, and only if the destination asks for them.
   */
  #sweep({ completeSteps, lines }: HistoryPage): Sweep | undefined {
    if (!completeSteps) return undefined;
    const names = [...Object.keys(this.#where()), "step", "metric_name"];
    const metricRows = this.#newRows();
    return {
      where: this.#where(),
      range: { column: "step", ...completeSteps },
      get keys() {
        const { value } = metricRows.batches(lines, Infinity).next();
        return value.rows.map((row) => names.map((name) => row[name]));
      },
    };
  }

  #checkpoint(failed: boolean): Checkpoint {
    return openCheckpoint({
      position: this.#position,
      activity: this.#run.activity,
      scope: this.#context.rowScope,
      rejected: this.#rejected,
      failed,
    });
  }

  #gap(gap: string, settled: boolean): Rejected {
    const { id } = this.#run;
    const key = partitionKey(partitionOf(this.#context.scope, id));
    return { key, payload: id, reason: `history: ${gap}`, where: this.#where(), settled };
  }

  #where(): Readonly<Record<string, string>> {
    return runColumnsOf(this.#context.scope, this.#run.id);
  }
}

function* toSweepBatches(sweeps: readonly Sweep[]): Generator<StreamBatch> {
  for (const sweep of sweeps) yield { rows: [], bytes: 0, sweep };
}
