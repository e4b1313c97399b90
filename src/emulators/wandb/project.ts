import type { WandbClock } from "./clock.ts";
import { type RunOrder, sortRuns } from "./run-order.ts";
import { WandbRun } from "./run.ts";
import type { NewRun, RunFields } from "./run.ts";

/** A project's own fields. Times are in UTC. */
export interface ProjectFields {
  readonly name: string;
  readonly description: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** What a project gets from its workspace. */
interface ProjectOptions {
  /** The global id. */
  readonly id: string;
  /** The project's sequence number in the workspace. */
  readonly number: number;
  readonly entity: string;
  readonly user: string;
  readonly clock: WandbClock;
}

/** A project and its runs. */
export class WandbProject {
  readonly id: string;
  readonly number: number;
  /** Replaced by the workspace when the project changes. */
  fields: ProjectFields;
  readonly #options: ProjectOptions;
  readonly #runs = new Map<string, WandbRun>();
  /** Sorted listings since the last change, by order. */
  readonly #sorted = new Map<string, readonly WandbRun[]>();
  #lastNumber = 0;

  constructor(fields: ProjectFields, options: ProjectOptions) {
    this.fields = fields;
    this.id = options.id;
    this.number = options.number;
    this.#options = options;
  }

  get name(): string {
    return this.fields.name;
  }

  /** All runs as they were begun, including the hidden ones. */
  get runs(): readonly WandbRun[] {
    return [...this.#runs.values()];
  }

  /** The run with this id. */
  run(name: string): WandbRun | undefined {
    return this.#runs.get(name);
  }

  /** Starts a run; its state is `running` by default. Throws a RangeError if the id is in use. */
  addRun({ name, history, ...given }: NewRun = {}): WandbRun {
    const { clock, entity } = this.#options;
    const runId = name ?? clock.nextRunId();
    if (this.#runs.has(runId)) throw new RangeError(`there is a run ${runId}`);
    const options = {
      name: runId,
      id: globalId(`Run:v1:${runId}:${this.name}:${entity}`),
      number: (this.#lastNumber += 1),
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

  /** Deletes a run without a trace. Throws a RangeError if there is no such run. */
  deleteRun(name: string): void {
    if (!this.#runs.delete(name)) throw new RangeError(`no run ${name}`);
    this.#sorted.clear();
  }

  /** All runs, including the hidden ones. */
  sortedRuns(order: RunOrder): readonly WandbRun[] {
    const name = `${order.by} ${order.descending}`;
    const sorted = this.#sorted.get(name) ?? sortRuns(this.runs, order);
    this.#sorted.set(name, sorted);
    return sorted;
  }

  #fieldsOf(given: Partial<RunFields>): RunFields {
    const createdAt = given.createdAt ?? this.#options.clock.nextInstant();
    return {
      displayName: `run-${this.#lastNumber}`,
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

/** A global id as W&B builds it: base64 of a description. */
export function globalId(text: string): string {
  return Buffer.from(text).toString("base64");
}
