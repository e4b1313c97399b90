import type { WandbClock } from "./clock.ts";
import { jsonText, type Members } from "./json.ts";
import { type RunOrder, sortRuns } from "./run-order.ts";
import { WandbRun } from "./run.ts";
import type { NewRun, RunPlace } from "./run.ts";
import type { RunFields } from "./run-fields.ts";

/** Who sees a project: its team, or everybody, also without a key. */
type ProjectAccess = "PRIVATE" | "USER_READ";

/** A project's own fields. Times are in UTC. */
export interface ProjectFields {
  readonly name: string;
  readonly description: string | null;
  readonly access: ProjectAccess;
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
  /** Whether a run's `updatedAt` stays when only its config or summary are edited. */
  readonly contentKeepsUpdatedAt: boolean;
}

/** A run that was logged offline. */
interface OfflineRun extends NewRun {
  readonly createdAt: string;
  /** Rows for the steps from 0 on. */
  readonly rows?: readonly Members[];
}

/** A project and its runs. */
export class WandbProject {
  readonly id: string;
  readonly number: number;
  /** Replaced by the workspace when the project changes. */
  fields: ProjectFields;
  readonly #options: ProjectOptions;
  readonly #runs = new Map<string, WandbRun>();
  readonly #deleted = new Map<string, WandbRun>();
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

  /** Begins a run; its state is `running` by default. Throws a RangeError if the id is in use. */
  addRun({ name, history, ...given }: NewRun = {}): WandbRun {
    const { clock, contentKeepsUpdatedAt } = this.#options;
    const runId = name ?? clock.nextRunId();
    const place = this.#newPlace(runId);
    const options = { name: runId, clock, place, contentKeepsUpdatedAt };
    const run = new WandbRun(this.#fieldsOf(given), options, history);
    this.#insert(run);
    return run;
  }

  /**
   * Adds a run that was logged without internet and is uploaded now: with all its rows, and with
   * the dates of then in createdAt, heartbeatAt (one second per row) and its rows. Only updatedAt
   * is of today.
   */
  uploadRun({ rows = [], ...given }: OfflineRun): WandbRun {
    const start = Date.parse(given.createdAt);
    const end = new Date(start + rows.length * 1000).toISOString().replace(".000Z", "Z");
    const updatedAt = this.#options.clock.nextInstant();
    const summary = rows.at(-1) ?? {};
    const ended = { state: "finished", heartbeatAt: end, updatedAt, summary } as const;
    const run = this.addRun({ ...ended, ...given });
    rows.forEach((row, step) => {
      const times = { _timestamp: start / 1000 + step, _runtime: step };
      run.history.append(step, jsonText({ _step: step, ...times, ...row }));
    });
    return run;
  }

  /**
   * Deletes a run: W&B hides it without a trace. Moves no field. Throws a RangeError if there is no
   * such run.
   */
  deleteRun(name: string): void {
    this.#deleted.set(name, this.#remove(name));
  }

  /**
   * Brings a deleted run back as it was, with its old dates and its whole history. Moves no field.
   * Throws a RangeError if there is none or the id is in use.
   */
  undeleteRun(name: string): WandbRun {
    const run = this.#deleted.get(name);
    if (!run || this.#runs.has(name)) throw new RangeError(`no deleted run ${name}`);
    this.#deleted.delete(name);
    this.#insert(run);
    return run;
  }

  /**
   * Moves a run to another project. It keeps its name, all dates and its history; no field moves
   * but the global id, which has the project in it. (That W&B renews the id is concluded from its
   * form, not verified.) Throws a RangeError if there is no such run or the id is in use there.
   */
  moveRun(name: string, target: WandbProject): WandbRun {
    const place = target.#newPlace(name);
    const run = this.#remove(name);
    run.place = place;
    target.#insert(run);
    return run;
  }

  /** All runs, including the hidden ones. */
  sortedRuns(order: RunOrder): readonly WandbRun[] {
    const name = `${order.by} ${order.descending}`;
    const sorted = this.#sorted.get(name) ?? sortRuns(this.runs, order);
    this.#sorted.set(name, sorted);
    return sorted;
  }

  #newPlace(runId: string): RunPlace {
    if (this.#runs.has(runId)) throw new RangeError(`there is a run ${runId}`);
    return {
      id: globalId(`Run:v1:${runId}:${this.name}:${this.#options.entity}`),
      number: (this.#lastNumber += 1),
      onChange: () => {
        this.#sorted.clear();
      },
    };
  }

  #insert(run: WandbRun): void {
    this.#runs.set(run.name, run);
    this.#sorted.clear();
  }

  #remove(name: string): WandbRun {
    const run = this.#runs.get(name);
    if (!run) throw new RangeError(`no run ${name}`);
    this.#runs.delete(name);
    this.#sorted.clear();
    return run;
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
