import type { Row } from "../../../core/schema.ts";
import type { Rejected } from "../../../core/source.ts";
import { fromEpochSeconds, toTimestamp } from "../../../core/timestamp.ts";
import { unquote } from "../../../json/text-scanner.ts";
import { projectColumns, type ProjectScope } from "../project/project-scope.ts";
import { lineDigest } from "../reader/history-position.ts";
import { flattenLine } from "./flatten-line.ts";
import type { MetricFilter } from "./metric-filter.ts";

interface MetricRowOptions {
  readonly scope: ProjectScope;
  readonly run: string;
  readonly isWanted: MetricFilter;
}

/** Fields that have columns of their own. */
const fieldsWithColumns: ReadonlySet<string> = new Set(["_step", "_timestamp"]);

/** The names in a line, and those that become rows, in the order of the primary key. */
interface Names {
  readonly all: readonly string[];
  readonly wanted: readonly string[];
}

/** Turns lines of one run's history into rows, one per metric and step. */
export class MetricRows {
  readonly #options: MetricRowOptions;
  #rows: Row[] = [];
  #rejected: Rejected[] = [];
  #names: Names = { all: [], wanted: [] };

  constructor(options: MetricRowOptions) {
    this.#options = options;
  }

  /** How many rows there are to flush. */
  get length(): number {
    return this.#rows.length;
  }

  /** Adds the rows of a line, or rejects it. */
  add(line: string): void {
    if (this.#addPlain(line)) return;
    const values = flattenLine(line);
    if (typeof values === "string") this.#reject(line, values);
    else this.#addExact(line, values);
  }

  /** All rows since the last flush, and the lines that could not be parsed. */
  flush(): { readonly rows: readonly Row[]; readonly rejected: readonly Rejected[] } {
    const flushed = { rows: this.#rows, rejected: this.#rejected };
    this.#rows = [];
    this.#rejected = [];
    return flushed;
  }

  /**
   * The fast path, for lines whose values are only texts, booleans, nulls and numbers that a double
   * holds. Returns false for any other line.
   */
  #addPlain(line: string): boolean {
    const object = parseObject(line);
    const step = object?.["_step"];
    if (!object || typeof step !== "number" || !Number.isSafeInteger(step)) return false;
    const names = this.#namesOf(object);
    if (names.all.some((name) => !isPlainValue(object[name]))) return false;
    const timestamp = toMetricTimestamp(object["_timestamp"]);
    const { scope, run: run_id } = this.#options;
    for (const name of names.wanted) {
      const value = object[name];
      const metric_value = typeof value === "number" ? value : null;
      const value_json = metric_value === null ? JSON.stringify(value) : null;
      const row = { run_id, step, metric_name: name, metric_value, timestamp, value_json };
      this.#rows.push(scope.multiProject ? { project: scope.project, ...row } : row);
    }
    return true;
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

  #addExact(line: string, values: ReadonlyMap<string, string>): void {
    const step = Number(values.get("_step"));
    if (!Number.isSafeInteger(step)) {
      this.#reject(line, "expected a whole number in _step");
      return;
    }
    const sent = values.get("_timestamp") ?? "null";
    const timestamp = toMetricTimestamp(sent.startsWith('"') ? unquote(sent) : Number(sent));
    const { run, scope } = this.#options;
    for (const [name, slice] of values) {
      if (!this.#options.isWanted(name) || fieldsWithColumns.has(name)) continue;
      const metric_value = toExactDouble(slice);
      const value_json = metric_value === null ? slice : null;
      const row = { run_id: run, step, metric_name: name, metric_value, timestamp, value_json };
      this.#rows.push({ ...projectColumns(scope), ...row });
    }
  }

  #reject(line: string, reason: string): void {
    const { run, scope } = this.#options;
    const key = JSON.stringify({ ...projectColumns(scope), run, line: lineDigest(line) });
    const where = { ...projectColumns(scope), run_id: run };
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

/** The service sends seconds since 1970; gateways may send text. */
function toMetricTimestamp(seconds: unknown): string | null {
  if (typeof seconds === "string") return toTimestamp(seconds) ?? null;
  return typeof seconds === "number" ? (fromEpochSeconds(seconds) ?? null) : null;
}

/** Neither nested nor a number that may have lost digits. */
function isPlainValue(value: unknown): boolean {
  if (typeof value === "number") return isExact(value);
  return typeof value !== "object" || value === null;
}

/**
 * Whether a double holds the number as it was sent: integers above 2^53 may have lost digits,
 * others may have overflowed.
 */
function isExact(value: number): boolean {
  return Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value);
}

const maxExactInteger = 2n ** 53n;

/** The number in a JSON text; null if it is not one, or a double would lose digits of it. */
function toExactDouble(slice: string): number | null {
  if (!/^-?\d/.test(slice)) return null;
  const number = Number(slice);
  if (!Number.isFinite(number)) return null;
  if (Number.isSafeInteger(number) || !/^-?\d+$/.test(slice)) return number;
  const exact = BigInt(slice);
  return exact <= maxExactInteger && exact >= -maxExactInteger ? number : null;
}
