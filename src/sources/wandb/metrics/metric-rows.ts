import type { Row } from "../../../core/schema.ts";
import type { Rejected } from "../../../core/source.ts";
import { shortDigest } from "../../../core/short-digest.ts";
import { parseInt64 } from "../../../json/int64.ts";
import { unquote } from "../../../json/text-scanner.ts";
import { projectColumns, type ProjectScope } from "../project/project-scope.ts";
import { mayBeExact, mayHaveOddNumber } from "../../../json/odd-number.ts";
import type { Step } from "../reader/line-step.ts";
import { flattenObject } from "../../../json/flatten-object.ts";
import type { MetricFilter } from "./metric-filter.ts";
import { toMetricTimestamp, toMetricValue, type MetricValue } from "./metric-value.ts";
import { StepMerge } from "./step-merge.ts";

interface MetricRowOptions {
  readonly scope: ProjectScope;
  readonly run: string;
  readonly isWanted: MetricFilter;
}

/** Rows, and what could not be stored. */
export interface MetricBatch {
  readonly rows: readonly Row[];
  readonly rejected: readonly Rejected[];
}

/** Fields that have columns of their own. */
const fieldsWithColumns: ReadonlySet<string> = new Set(["_step", "_timestamp"]);

/** The names in a line, and those that become rows, in the order of the primary key. */
interface Names {
  readonly all: readonly string[];
  readonly wanted: readonly string[];
}

/**
 * Turns lines of one run's history into rows, one per metric and step. Lines of the same step must
 * follow each other: where they have different values for a metric, the last one counts, and the
 * other line is rejected.
 */
export class MetricRows {
  readonly #options: MetricRowOptions;
  #rows: Row[] = [];
  #rejected: Rejected[] = [];
  #names: Names = { all: [], wanted: [] };
  /** The step of the latest line, that line, and where the rows of the step begin. */
  #step: Step | undefined;
  #line = "";
  #stepStart = 0;
  #merge: StepMerge | undefined;

  constructor(options: MetricRowOptions) {
    this.#options = options;
  }

  /** Yields the rows of lines as soon as there are `size` of them; a step is never split. */
  *batches(lines: readonly string[], size: number): Generator<MetricBatch, MetricBatch> {
    for (const line of lines) {
      this.#add(line);
      if (this.#stepStart >= size) yield this.#flush(this.#stepStart);
    }
    this.#endStep(this.#rows.length);
    this.#step = undefined;
    return this.#flush(this.#rows.length);
  }

  #flush(end: number): MetricBatch {
    const rows = end === this.#rows.length ? this.#rows : this.#rows.slice(0, end);
    const flushed = { rows, rejected: this.#rejected };
    this.#rows = this.#rows.slice(end);
    this.#rejected = [];
    this.#stepStart = 0;
    return flushed;
  }

  #add(line: string): void {
    const start = this.#rows.length;
    const step = this.#addPlain(line) ?? this.#addExact(line);
    if (step === undefined) return;
    if (step === this.#step) {
      this.#mergeLine(step, line, start);
      return;
    }
    this.#endStep(start);
    this.#step = step;
    this.#line = line;
  }

  #endStep(start: number): void {
    if (this.#merge) this.#rejectMerged(this.#merge);
    this.#merge = undefined;
    this.#stepStart = start;
  }

  #mergeLine(step: Step, line: string, start: number): void {
    const first = { line: this.#line, rows: this.#rows.slice(this.#stepStart, start) };
    this.#merge ??= new StepMerge(step, first);
    this.#merge.add({ line, rows: this.#rows.slice(start) });
    this.#rows.length = this.#stepStart;
    for (const row of this.#merge.rows()) this.#rows.push(row);
  }

  /**
   * The fast path, for lines whose values are only texts, booleans, nulls and numbers that a double
   * holds. Returns the step; undefined for any other line.
   */
  #addPlain(line: string): Step | undefined {
    const object = parseObject(line);
    const step = object?.["_step"];
    if (!object || typeof step !== "number" || !Number.isSafeInteger(step)) return undefined;
    const names = this.#namesOf(object);
    if (names.all.some((name) => !isPlainValue(object[name])) || mayHaveOddNumber(line))
      return undefined;
    const sent = object["_timestamp"];
    const timestamp = sent == null ? null : toMetricTimestamp(sent);
    if (timestamp === undefined) return undefined;
    const { scope, run: run_id } = this.#options;
    for (const name of names.wanted) {
      const value = object[name];
      const metric_value = typeof value === "number" ? value : null;
      const value_json = metric_value === null ? JSON.stringify(value) : null;
      const row = { run_id, step, metric_name: name, metric_value, timestamp, value_json };
      this.#rows.push(scope.multiProject ? { project: scope.project, ...row } : row);
    }
    return step;
  }

  /** Most lines have the same names as the previous one. */
  #namesOf(object: object): Names {
    const all = Object.keys(object);
    const previous = this.#names.all;
    if (all.length !== previous.length || all.some((name, index) => name !== previous[index])) {
      const { isWanted } = this.#options;
      const wanted = all.filter((name) => isWanted(name) && !fieldsWithColumns.has(name)).sort();
      this.#names = { all, wanted };
    }
    return this.#names;
  }

  /** Adds the rows of any line, and returns its step; or rejects the line. */
  #addExact(line: string): Step | undefined {
    const values = flattenObject(line, isMedia);
    if (typeof values === "string") {
      this.#reject(line, values);
      return undefined;
    }
    const step = parseInt64(values.get("_step") ?? "");
    if (step === undefined) {
      this.#reject(line, "expected a whole number in _step");
      return undefined;
    }
    const sent = values.get("_timestamp") ?? "null";
    const timestamp = toMetricTimestamp(sent.startsWith('"') ? unquote(sent) : Number(sent));
    const { isWanted } = this.#options;
    const add = (name: string, value: MetricValue): void => {
      this.#addRow({ step, metric_name: name, timestamp: timestamp ?? null, ...value });
    };
    for (const [name, slice] of values) {
      if (isWanted(name) && !fieldsWithColumns.has(name)) add(name, toMetricValue(slice));
    }
    // A time that is not understood is kept as a metric, whether or not the patterns include it.
    if (timestamp === undefined && sent !== "null") add("_timestamp", toMetricValue(sent));
    return step;
  }

  #addRow(row: Row): void {
    const { scope, run } = this.#options;
    this.#rows.push({ ...projectColumns(scope), run_id: run, ...row });
  }

  #rejectMerged(merge: StepMerge): void {
    for (const { line, reason } of merge.outvoted()) this.#reject(line, reason, this.#step);
  }

  #reject(line: string, reason: string, step?: Step): void {
    const { run, scope } = this.#options;
    const key = JSON.stringify({ ...projectColumns(scope), run, line: shortDigest(line) });
    const where = {
      ...projectColumns(scope),
      run_id: run,
      ...(step === undefined ? {} : { step }),
    };
    this.#rejected.push({ key, payload: line, reason, where });
  }
}

/** The JSON object in a line; undefined for anything else. */
function parseObject(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

/** Neither nested nor a number that has lost digits, as far as its value shows. */
function isPlainValue(value: unknown): boolean {
  if (typeof value === "number") return mayBeExact(value);
  return typeof value !== "object" || value === null;
}

/** Whether an object is an image, a table or the like, which stays whole. */
function isMedia(members: ReadonlyMap<string, string>): boolean {
  return members.has("_type");
}
