import type { Batch, Checkpoint, Sweep } from "../../../core/source.ts";
import type { Turns } from "../../../engine/semaphore.ts";
import type { LineCounts } from "./line-count-check.ts";
import type { MetricFilter } from "./metric-filter.ts";
import { MetricRows } from "./metric-rows.ts";
import { ownColumns, type ProjectScope } from "../project/project-scope.ts";
import type { HistoryPage, ListedRun, Reader } from "../reader/project-reader.ts";
import { doneCheckpoint, failedCheckpoint, openCheckpoint } from "./run-checkpoint.ts";

type Part = Omit<Batch, "stream">;

/** Rows in one part: what is read ahead of the writer is counted in parts. */
const rowsAtOnce = 1000;

/** About what a row takes in memory while it waits. */
const bytesOfRow = 250;

export interface HistoryContext {
  readonly scope: ProjectScope;
  readonly reader: Reader;
  readonly isWanted: MetricFilter;
  readonly counts: LineCounts;
  /** Who may make rows: lines that wait take less memory. */
  readonly turns: Turns;
}

/** Reads the history of one run, and knows where it stands. */
export class RunHistoryReader {
  readonly #run: ListedRun;
  readonly #context: HistoryContext;
  #resume: Checkpoint | undefined;

  constructor(run: ListedRun, resume: Checkpoint | undefined, context: HistoryContext) {
    this.#run = run;
    this.#resume = resume;
    this.#context = context;
  }

  /** The checkpoint where reading fails now. */
  failed(): Checkpoint {
    return failedCheckpoint(this.#resume);
  }

  async *read(signal: AbortSignal): AsyncGenerator<Part, void> {
    const { reader, turns } = this.#context;
    for await (const page of reader.history(this.#run, { resume: this.#resume })) {
      signal.throwIfAborted();
      const end = await turns.take();
      try {
        yield* this.#parts(page);
      } finally {
        end();
      }
    }
  }

  *#parts(page: HistoryPage): Generator<Part> {
    const made = this.#rows();
    for (const line of page.lines) {
      made.add(line);
      if (made.length >= rowsAtOnce) yield partOf(made);
    }
    this.#resume = page.resume;
    yield { ...partOf(made), ...this.#sweep(page), checkpoint: this.#checkpoint(page) };
  }

  #rows(): MetricRows {
    const { scope, isWanted } = this.#context;
    return new MetricRows({ scope, isWanted, run: this.#run.id });
  }

  /** What a page shows completely. Its keys are made again from the lines, and only where something may be gone. */
  #sweep({ whole, lines }: HistoryPage): { readonly sweep?: Sweep } {
    if (!whole) return {};
    const { scope } = this.#context;
    const names = [...Object.keys(ownColumns(scope)), "run_id", "step", "metric_name"];
    const again = this.#rows();
    return {
      sweep: {
        where: { ...ownColumns(scope), run_id: this.#run.id },
        range: { column: "step", ...whole },
        get keys() {
          for (const line of lines) again.add(line);
          return again.take().rows.map((row) => names.map((name) => row[name]));
        },
      },
    };
  }

  /** Null where there is nothing to remember of the run. */
  #checkpoint({ end, resume }: HistoryPage): Checkpoint | null {
    if (end === "vanished") return null;
    if (!end) return openCheckpoint(resume);
    this.#context.counts.add(this.#run.id, end);
    const { seen = this.#run.seen, lines } = end;
    return doneCheckpoint(this.#resume, { seen, lines });
  }
}

function partOf(made: MetricRows): Part {
  const taken = made.take();
  return { ...taken, bytes: taken.rows.length * bytesOfRow };
}
