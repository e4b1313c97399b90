import type { Checkpoint, StreamBatch, Sweep } from "../../../core/source.ts";
import type { Semaphore } from "../../../engine/semaphore.ts";
import { projectColumns, type ProjectScope } from "../project/project-scope.ts";
import type { HistoryPage, ListedRun, ProjectReader } from "../reader/project-reader.ts";
import type { LineCountCheck } from "./line-count-check.ts";
import type { MetricFilter } from "./metric-filter.ts";
import { MetricRows } from "./metric-rows.ts";
import { failedCheckpoint, finishedCheckpoint, openCheckpoint } from "./run-checkpoint.ts";

/** Rows per batch; a page may hold many times as many. */
const rowsPerBatch = 1000;

/** Approximate size in memory of a row that waits to be written. */
const bytesPerRow = 250;

/** What the histories of a project's runs share. */
interface RunHistoryContext {
  readonly scope: ProjectScope;
  readonly reader: ProjectReader;
  readonly isWanted: MetricFilter;
  readonly lineCounts: LineCountCheck;
  /** Limits how many histories are turned into rows at once: waiting lines take less memory. */
  readonly semaphore: Semaphore;
}

/** Reads the history of one run and tracks its position. */
export class RunHistoryReader {
  readonly #run: ListedRun;
  readonly #context: RunHistoryContext;
  #resume: Checkpoint | undefined;

  constructor(run: ListedRun, resume: Checkpoint | undefined, context: RunHistoryContext) {
    this.#run = run;
    this.#resume = resume;
    this.#context = context;
  }

  /** The checkpoint if reading fails now. */
  failed(): Checkpoint {
    return failedCheckpoint(this.#resume);
  }

  /** Reads the history from where it was left. */
  async *read(signal: AbortSignal): AsyncGenerator<StreamBatch, void> {
    const { reader, semaphore } = this.#context;
    for await (const page of reader.readHistory(this.#run, { resume: this.#resume })) {
      signal.throwIfAborted();
      const release = await semaphore.acquire();
      try {
        yield* this.#batches(page);
      } finally {
        release();
      }
    }
  }

  *#batches(page: HistoryPage): Generator<StreamBatch> {
    const metricRows = this.#newRows();
    for (const line of page.lines) {
      metricRows.add(line);
      if (metricRows.length >= rowsPerBatch) yield toBatch(metricRows);
    }
    this.#resume = page.resume;
    yield { ...toBatch(metricRows), ...this.#sweep(page), checkpoint: this.#checkpoint(page) };
  }

  #newRows(): MetricRows {
    const { scope, isWanted } = this.#context;
    return new MetricRows({ scope, isWanted, run: this.#run.id });
  }

  /**
   * A sweep of the steps that a page contains completely. Its keys are derived from the lines
   * again, and only if the destination asks for them.
   */
  #sweep({ completeSteps, lines }: HistoryPage): { readonly sweep?: Sweep } {
    if (!completeSteps) return {};
    const { scope } = this.#context;
    const names = [...Object.keys(projectColumns(scope)), "run_id", "step", "metric_name"];
    const rows = this.#newRows();
    return {
      sweep: {
        where: { ...projectColumns(scope), run_id: this.#run.id },
        range: { column: "step", ...completeSteps },
        get keys() {
          for (const line of lines) rows.add(line);
          return rows.flush().rows.map((row) => names.map((name) => row[name]));
        },
      },
    };
  }

  /** Null if there is nothing to save about the run. */
  #checkpoint({ end, resume }: HistoryPage): Checkpoint | null {
    if (end === "vanished") return null;
    if (!end) return openCheckpoint(resume);
    this.#context.lineCounts.add(this.#run.id, end);
    const { lastSeen = this.#run.lastSeen, lineCount } = end;
    return finishedCheckpoint(this.#resume, { lastSeen, lineCount });
  }
}

function toBatch(metricRows: MetricRows): StreamBatch {
  const flushed = metricRows.flush();
  return { ...flushed, bytes: flushed.rows.length * bytesPerRow };
}
