import type { WandbClock } from "./clock.ts";
import { WandbRun } from "./run.ts";
import type { NewRun, RunFields } from "./run.ts";

/** How a listing of runs is sorted. */
export interface RunOrder {
  readonly by: "createdAt" | "heartbeatAt";
  readonly descending: boolean;
}

/** What a project is called and when it came about. */
export interface ProjectFields {
  readonly name: string;
  readonly description: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface ProjectOptions {
  readonly id: string;
  readonly number: number;
  readonly entity: string;
  readonly user: string;
  readonly clock: WandbClock;
}

/** A project and its runs. */
export class WandbProject {
  readonly id: string;
  readonly number: number;
  /** Replaced by the workspace. */
  fields: ProjectFields;
  readonly #options: ProjectOptions;
  readonly #runs = new Map<string, WandbRun>();
  /** The listings that were asked for since the last change. */
  readonly #sorted = new Map<string, readonly WandbRun[]>();
  #runsEver = 0;

  constructor(fields: ProjectFields, options: ProjectOptions) {
    this.fields = fields;
    this.id = options.id;
    this.number = options.number;
    this.#options = options;
  }

  get name(): string {
    return this.fields.name;
  }

  /** Without the hidden ones. */
  get runCount(): number {
    let count = 0;
    for (const run of this.#runs.values()) if (!run.hidden) count += 1;
    return count;
  }

  run(name: string): WandbRun | undefined {
    return this.#runs.get(name);
  }

  /** Starts a run; the state is `running` unless another is given. */
  addRun({ name, history, ...given }: NewRun = {}): WandbRun {
    const { clock, entity } = this.#options;
    const runId = name ?? clock.nextRunId();
    if (this.#runs.has(runId)) throw new RangeError(`there is a run ${runId}`);
    const options = {
      name: runId,
      id: globalId(`Run:v1:${runId}:${this.name}:${entity}`),
      number: (this.#runsEver += 1),
      clock,
      onChange: () => {
        this.#sorted.clear();
      },
    };
    const run = new WandbRun(this.#fieldsOf(given), options, history);
    this.#runs.set(runId, run);
    this.#sorted.clear();
    return run;
  }

  /** The run vanishes, and nothing says that it was there. */
  deleteRun(name: string): void {
    if (!this.#runs.delete(name)) throw new RangeError(`no run ${name}`);
    this.#sorted.clear();
  }

  /** All runs, the hidden ones too. */
  sortedRuns(order: RunOrder): readonly WandbRun[] {
    const name = `${order.by} ${order.descending}`;
    const sorted = this.#sorted.get(name) ?? sortRuns([...this.#runs.values()], order);
    this.#sorted.set(name, sorted);
    return sorted;
  }

  #fieldsOf(given: Partial<RunFields>): RunFields {
    const createdAt = given.createdAt ?? this.#options.clock.nextInstant();
    return {
      displayName: `run-${this.#runsEver}`,
      state: "running",
      notes: null,
      description: null,
      tags: [],
      group: null,
      jobType: null,
      sweepName: null,
      host: "node-1",
      commit: null,
      user: this.#options.user,
      heartbeatAt: createdAt,
      updatedAt: createdAt,
      config: {},
      summary: {},
      ...given,
      createdAt,
    };
  }
}

/** An id of the service's: base64 of what it stands for. */
export function globalId(text: string): string {
  return Buffer.from(text).toString("base64");
}

/** An instant as text whose order is the instant's: without its `Z`, "…00Z" comes before "…00.5Z". */
export function instantSortKey(instant: string | null): string {
  return instant?.replace(/Z$/, "") ?? "";
}

/** Whether a run comes before (below 0) or after (above 0) a place in a listing. */
export function compareToPosition(
  run: WandbRun,
  [key, number]: readonly [string, number],
  { by, descending }: RunOrder,
): number {
  const own = instantSortKey(run.fields[by]);
  const compared = own === key ? run.number - number : own < key ? -1 : 1;
  return descending ? -compared : compared;
}

function sortRuns(runs: WandbRun[], order: RunOrder): WandbRun[] {
  return runs.sort((a, b) =>
    compareToPosition(a, [instantSortKey(b.fields[order.by]), b.number], order),
  );
}
