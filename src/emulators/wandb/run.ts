import type { WandbClock } from "./clock.ts";
import { RunHistory } from "./history.ts";
import type { GeneratedHistory } from "./generated-history.ts";
import { isMembers, isRecord, jsonText, type Members, parseJson } from "./json.ts";
import { RawJson } from "../raw-json.ts";

export type RunState =
  "running" | "finished" | "failed" | "crashed" | "killed" | "pending" | "preempting" | "preempted";

/** What a user or the service says of a run. */
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
  /** Plain values, sent in the service's wrapping; raw JSON is sent as it is. */
  readonly config: Members | RawJson | null;
  readonly summary: Members | RawJson | null;
}

/** A run as it begins; what is left out is made up. */
export interface NewRun extends Partial<RunFields> {
  /** The run's id. */
  readonly name?: string;
  readonly history?: GeneratedHistory;
}

export interface RunOptions {
  readonly name: string;
  /** The global id. */
  readonly id: string;
  /** Counts the runs of the project. */
  readonly number: number;
  readonly clock: WandbClock;
  /** Called after every change. */
  readonly onChange: () => void;
}

/** A run, to be changed as its user would change it. */
export class WandbRun {
  readonly name: string;
  readonly id: string;
  readonly number: number;
  readonly history: RunHistory;
  /** The rows of the system metrics as JSON text. */
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

  /** Whether a listing leaves the run out, though it takes up room in a page. */
  get hidden(): boolean {
    return this.#hidden;
  }

  set hidden(hidden: boolean) {
    this.#hidden = hidden;
    this.#changed();
  }

  /**
   * Adds a row to the history, and its metrics to the summary. `_step`, `_timestamp` and `_runtime` are made where the row has none;
   * raw JSON is kept to the letter and needs a `_step`. Throws a RangeError where the step is not after the last one.
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

  /** A sign of life of whoever runs it. */
  heartbeat(): void {
    const now = this.#clock.nextInstant();
    this.#change({ heartbeatAt: now, updatedAt: now });
  }

  finish(state: "finished" | "failed" | "killed" = "finished"): void {
    this.heartbeat();
    this.#change({ state });
  }

  /** What the service says after a while without a heartbeat, which does not move. */
  crash(): void {
    this.edit({ state: "crashed" });
  }

  /** What a user changes on the page of a run: the heartbeat does not move. */
  edit(change: Partial<RunFields>): void {
    this.#change({ updatedAt: this.#clock.nextInstant(), ...change });
  }

  /** Goes on with a run that had ended, after the last step. */
  resume(): void {
    this.heartbeat();
    this.#change({ state: "running" });
  }

  /** Goes on after an earlier step: the rows after it are gone. */
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
