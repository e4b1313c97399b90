import { RawJson } from "../raw-json.ts";
import type { WandbClock } from "./clock.ts";
import type { GeneratedHistory } from "./generated-history.ts";
import { RunHistory } from "./history.ts";
import { isMembers, isRecord, jsonText, type Members, parseJson } from "./json.ts";

/** The states that W&B gives a run. */
type RunState =
  "running" | "finished" | "failed" | "crashed" | "killed" | "pending" | "preempting" | "preempted";

/** A run's fields. Times are in UTC. */
export interface RunFields {
  readonly displayName: string | null;
  readonly state: RunState;
  readonly notes: string | null;
  readonly description: string | null;
  readonly tags: readonly string[];
  readonly group: string | null;
  readonly jobType: string | null;
  readonly sweepName: string | null;
  readonly host: string | null;
  readonly commit: string | null;
  /** A user's name. */
  readonly user: string | null;
  readonly createdAt: string;
  readonly heartbeatAt: string | null;
  readonly updatedAt: string;
  /** Sent with each value wrapped in an object, as W&B does; raw JSON is sent unchanged. */
  readonly config: Members | RawJson | null;
  readonly summary: Members | RawJson | null;
}

/** A run to create; missing fields get defaults. */
export interface NewRun extends Partial<RunFields> {
  /** The run's id. */
  readonly name?: string;
  readonly history?: GeneratedHistory;
}

/** What a run gets from its project. */
export interface RunOptions {
  readonly name: string;
  /** The global id. */
  readonly id: string;
  /** The run's sequence number in the project. */
  readonly number: number;
  readonly clock: WandbClock;
  /** Called after every change. */
  readonly onChange: () => void;
}

/** A run, changed as its user would. */
export class WandbRun {
  readonly name: string;
  readonly id: string;
  readonly number: number;
  readonly history: RunHistory;
  /** Rows of system metrics, as JSON text. */
  readonly events: string[] = [];
  readonly #clock: WandbClock;
  readonly #changed: () => void;
  #fields: RunFields;
  #hidden = false;

  constructor(fields: RunFields, options: RunOptions, history?: GeneratedHistory) {
    this.#fields = fields;
    this.name = options.name;
    this.id = options.id;
    this.number = options.number;
    this.#clock = options.clock;
    this.#changed = options.onChange;
    this.history = new RunHistory(history);
  }

  get fields(): RunFields {
    return this.#fields;
  }

  /** If true, listings omit the run but count it towards the page size. */
  get hidden(): boolean {
    return this.#hidden;
  }

  set hidden(hidden: boolean) {
    this.#hidden = hidden;
    this.#changed();
  }

  /**
   * Adds a row to the history, and its metrics to the summary. Generates missing `_step`,
   * `_timestamp` and `_runtime`. Raw JSON is stored unchanged and needs a `_step`. Throws a
   * RangeError if the step is not after the last one.
   */
  log(row: Members | RawJson): void {
    this.heartbeat();
    if (row instanceof RawJson) {
      this.history.append(stepOf(row), row.text);
      return;
    }
    const timed = { _step: (this.history.lastStep ?? -1) + 1, ...this.#times(), ...row };
    this.history.append(timed._step, jsonText(timed));
    const { summary } = this.#fields;
    if (summary === null || isMembers(summary)) this.#change({ summary: { ...summary, ...timed } });
  }

  /** Adds a row of system metrics, such as `{"system.cpu": 3.5}`. */
  logSystem(row: Members): void {
    this.heartbeat();
    this.events.push(jsonText({ _wandb: true, ...this.#times(), ...row }));
  }

  /** Moves `heartbeatAt`, as a running process does. */
  heartbeat(): void {
    const now = this.#clock.nextInstant();
    this.#change({ heartbeatAt: now, updatedAt: now });
  }

  /** Ends the run. */
  finish(state: "finished" | "failed" | "killed" = "finished"): void {
    this.heartbeat();
    this.#change({ state });
  }

  /** What the server does after some time without a heartbeat. Does not move `heartbeatAt`. */
  crash(): void {
    this.edit({ state: "crashed" });
  }

  /** What a user changes in the web app. Does not move `heartbeatAt`. */
  edit(change: Partial<RunFields>): void {
    this.#change({ updatedAt: this.#clock.nextInstant(), ...change });
  }

  /** Resumes a run that has ended, after its last step. */
  resume(): void {
    this.heartbeat();
    this.#change({ state: "running" });
  }

  /** Resumes after an earlier step and removes the rows after it. */
  rewind(step: number): void {
    this.history.rewind(step);
    this.resume();
  }

  #times() {
    const _timestamp = this.#clock.epochSeconds();
    const _runtime = _timestamp - Date.parse(this.#fields.createdAt) / 1000;
    return { _timestamp, _runtime };
  }

  #change(change: Partial<RunFields>): void {
    this.#fields = { ...this.#fields, ...change };
    this.#changed();
  }
}

function stepOf({ text }: RawJson): number {
  const row = parseJson(text);
  return Number(isRecord(row) ? row["_step"] : undefined);
}
