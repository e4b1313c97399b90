import { RawJson } from "../raw-json.ts";
import type { WandbClock } from "./clock.ts";
import type { GeneratedHistory } from "./generated-history.ts";
import { type HistoryLag, RunHistory } from "./history.ts";
import {
  isMembers,
  isRecord,
  jsonText,
  markLargeIntegers,
  type Members,
  parseJson,
} from "./json.ts";
import type { RunFields } from "./run-fields.ts";
import { type Step, stepAfter, toStep } from "./step.ts";

/** A run to create; missing fields get defaults. */
export interface NewRun extends Partial<RunFields> {
  /** The run's id. */
  readonly name?: string;
  readonly history?: GeneratedHistory;
}

/** A run's place in a project. */
export interface RunPlace {
  /** The global id. */
  readonly id: string;
  /** The run's sequence number in the project. */
  readonly number: number;
  /** Called after every change. */
  readonly onChange: () => void;
}

/** What a run gets from its project. */
export interface RunOptions {
  readonly name: string;
  readonly clock: WandbClock;
  readonly place: RunPlace;
  /** Whether `updatedAt` stays when only config or summary are edited. */
  readonly contentKeepsUpdatedAt: boolean;
}

/** How a history lags behind its count. */
interface Lag extends Omit<HistoryLag, "isOver"> {
  /** ISO 8601. */
  readonly until?: string;
}

/** A run, changed as its user would. A method says which fields it moves; all others stay. */
export class WandbRun {
  readonly name: string;
  /** Set by the project when the run moves there. */
  place: RunPlace;
  readonly history: RunHistory;
  /** Rows of system metrics, as JSON text. */
  readonly events: string[] = [];
  readonly #clock: WandbClock;
  readonly #contentKeepsUpdatedAt: boolean;
  #fields: RunFields;
  #hidden = false;

  constructor(fields: RunFields, options: RunOptions, history?: GeneratedHistory) {
    this.#fields = fields;
    this.name = options.name;
    this.place = options.place;
    this.#clock = options.clock;
    this.#contentKeepsUpdatedAt = options.contentKeepsUpdatedAt;
    this.history = new RunHistory(history);
  }

  get id(): string {
    return this.place.id;
  }

  get number(): number {
    return this.place.number;
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
    this.place.onChange();
  }

  /**
   * Adds a row to the history, and its metrics to the summary. Generates missing `_step`,
   * `_timestamp` and `_runtime`. Raw JSON is stored unchanged and needs a `_step`. Moves
   * heartbeatAt, updatedAt, historyLineCount and the last step. Throws a RangeError if the step is
   * not after the last one.
   */
  log(row: Members | RawJson): void {
    this.heartbeat();
    const { lastStep } = this.history;
    const timed = this.#timed(row, lastStep === undefined ? 0 : stepAfter(lastStep));
    this.history.append(stepOf(timed), jsonText(timed));
    const { summary } = this.#fields;
    if (isMembers(timed) && (summary === null || isMembers(summary)))
      this.#change({ summary: { ...summary, ...timed } });
  }

  /**
   * Adds a row as a second, slower writer does: at a step that was passed already, behind the rows
   * of that step. Moves heartbeatAt, updatedAt and historyLineCount, but no last step and, so that
   * the latest step stays there, no summary.
   */
  logLate(row: (Members & { readonly _step: Step }) | RawJson): void {
    this.heartbeat();
    const timed = this.#timed(row, 0);
    this.history.insert(stepOf(timed), jsonText(timed));
  }

  /**
   * Replaces the first row of a step. Moves nothing while the run is running; after its end,
   * heartbeatAt and updatedAt, as it takes a resumed process to do that. Not verified with W&B.
   */
  rewrite(step: Step, row: Members | RawJson): void {
    if (this.#fields.state !== "running") this.heartbeat();
    this.history.replace(step, jsonText(this.#timed(row, step)));
  }

  /**
   * From now on the last rows count but are not shown, until the clock reaches `until` or
   * `history.catchUp` is called. Moves nothing, then and now; only with `hidesLastStep` the last
   * step goes back, too.
   */
  lag({ until, ...lag }: Lag): void {
    const isOver = (): boolean => until !== undefined && this.#clock.nowMs >= Date.parse(until);
    this.history.lag({ ...lag, isOver });
  }

  /**
   * Adds a row of system metrics, such as `{"system.cpu": 3.5}`. Moves heartbeatAt, updatedAt and
   * eventsLineCount.
   */
  logSystem(row: Members): void {
    this.heartbeat();
    this.events.push(jsonText({ _wandb: true, ...this.#times(), ...row }));
  }

  /** What a running process does from time to time. Moves heartbeatAt and updatedAt. */
  heartbeat(): void {
    const now = this.#clock.nextInstant();
    this.#change({ heartbeatAt: now, updatedAt: now });
  }

  /** Ends the run. Moves state, heartbeatAt and updatedAt. */
  finish(state: "finished" | "failed" | "killed" = "finished"): void {
    this.heartbeat();
    this.#change({ state });
  }

  /** What the server does after some time without a heartbeat. Moves state and updatedAt. */
  crash(): void {
    this.edit({ state: "crashed" });
  }

  /**
   * What a user changes in the web app: name, tags, notes, group, config and so on. Moves these
   * fields and updatedAt, on some servers not for config and summary (`contentKeepsUpdatedAt`).
   */
  edit(change: Partial<RunFields>): void {
    const isContent = Object.keys(change).every((name) => ["config", "summary"].includes(name));
    const isUnseen = isContent && this.#contentKeepsUpdatedAt;
    this.#change({ ...(isUnseen ? {} : { updatedAt: this.#clock.nextInstant() }), ...change });
  }

  /** Moves tags and updatedAt. */
  tag(tag: string): void {
    this.edit({ tags: [...this.#fields.tags.filter((other) => other !== tag), tag] });
  }

  /** Moves tags and updatedAt. */
  untag(tag: string): void {
    this.edit({ tags: this.#fields.tags.filter((other) => other !== tag) });
  }

  /**
   * Resumes a run that has ended, after its last step. Moves state, heartbeatAt and updatedAt.
   */
  resume(): void {
    this.heartbeat();
    this.#change({ state: "running" });
  }

  /**
   * Resumes after an earlier step and removes the rows after it. Moves state, heartbeatAt,
   * updatedAt, historyLineCount and the last step; logging as many rows again brings these two
   * back to what they were.
   */
  rewind(step: Step): void {
    this.history.rewind(step);
    this.resume();
  }

  #timed(row: Members | RawJson, _step: Step): Members | RawJson {
    return row instanceof RawJson ? row : { _step, ...this.#times(), ...row };
  }

  #times() {
    const _timestamp = this.#clock.epochSeconds();
    const _runtime = _timestamp - Date.parse(this.#fields.createdAt) / 1000;
    return { _timestamp, _runtime };
  }

  #change(change: Partial<RunFields>): void {
    this.#fields = { ...this.#fields, ...change };
    this.place.onChange();
  }
}

/** Throws a RangeError if a row has no step. */
function stepOf(row: Members | RawJson): Step {
  const value = row instanceof RawJson ? parseJson(markLargeIntegers(row.text)) : row;
  const step = toStep(isRecord(value) ? value["_step"] : undefined);
  if (step === undefined) throw new RangeError("a row needs a `_step` of 64 bits");
  return step;
}
