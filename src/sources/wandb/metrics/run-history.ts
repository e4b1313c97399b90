import type { Checkpoint, StreamBatch, Sweep } from "../../../core/source.ts";
import type { Semaphore } from "../../../engine/semaphore.ts";
import type { LineCountCheck } from "./line-count-check.ts";
import type { MetricFilter } from "./metric-filter.ts";
import { MetricRows } from "./metric-rows.ts";
import { projectColumns, type ProjectScope } from "../project/project-scope.ts";
import type { HistoryPage, ListedRun, ProjectReader } from "../reader/project-reader.ts";
import { finishedCheckpoint, failedCheckpoint, openCheckpoint } from "./run-checkpoint.ts";

/** Rows in one part: what is read ahead of the writer is counted in parts. */
const rowsPerBatch = 1000;

/** About what a row takes in memory while it waits. */
const bytesPerRow = 250;

export interface RunHistoryContext {
  readonly scope: ProjectScope;
  readonly reader: ProjectReader;
  readonly isWanted: MetricFilter;
  readonly lineCounts: LineCountCheck;
  /** Who may make rows: lines that wait take less memory. */
  readonly semaphore: Semaphore;
}

/** Reads the history of one run, and knows where it stands. */
export class RunHistoryReader {
  readonly #run: ListedRun;
  readonly #context: RunHistoryContext;
  #resume: Checkpoint | undefined;

  constructor(run: ListedRun, resume: Checkpoint | undefined, context: RunHistoryContext) {
    this.#run = run;
    this.#resume = resume;
    this.#context = context;
  }

  /** The checkpoint where reading fails now. */
  failed(): Checkpoint {
    return failedCheckpoint(this.#resume);
  }

  async *read(signal: AbortSignal): AsyncGenerator<StreamBatch, void> {
    const { reader, semaphore } = this.#context;
    for await (const page of reader.readHistory(this.#run, { resume: this.#resume })) {
      signal.throwIfAborted();
      const end = await semaphore.acquire();
      try {
        yield* this.#parts(page);
      } finally {
        end();
      }
    }
  }

  *#parts(page: HistoryPage): Generator<StreamBatch> {
    const made = this.#rows();
    for (const line of page.lines) {
      made.add(line);
      if (made.length >= rowsPerBatch) yield toBatch(made);
    }
    this.#resume = page.resume;
    yield { ...toBatch(made), ...this.#sweep(page), checkpoint: this.#checkpoint(page) };
  }

  #rows(): MetricRows {
    const { scope, isWanted } = this.#context;
    return new MetricRows({ scope, isWanted, run: this.#run.id });
  }

  /** What a page shows completely. Its keys are made again from the lines, and only where something may be gone. */
  #sweep({ completeSteps, lines }: HistoryPage): { readonly sweep?: Sweep } {
    if (!completeSteps) return {};
    const { scope } = this.#context;
    const names = [...Object.keys(projectColumns(scope)), "run_id", "step", "metric_name"];
    const again = this.#rows();
    return {
      sweep: {
        where: { ...projectColumns(scope), run_id: this.#run.id },
        range: { column: "step", ...completeSteps },
        get keys() {
          for (const line of lines) again.add(line);
          return again.flush().rows.map((row) => names.map((name) => row[name]));
        },
      },
    };
  }

  /** Null where there is nothing to remember of the run. */
  #checkpoint({ end, resume }: HistoryPage): Checkpoint | null {
    if (end === "vanished") return null;
    if (!end) return openCheckpoint(resume);
    this.#context.lineCounts.add(this.#run.id, end);
    const { seen = this.#run.lastSeen, lines } = end;
    return finishedCheckpoint(this.#resume, { lastSeen: seen, lineCount: lines });
  }
}

function toBatch(made: MetricRows): StreamBatch {
  const taken = made.flush();
  return { ...taken, bytes: taken.rows.length * bytesPerRow };
}
