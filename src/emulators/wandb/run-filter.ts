import { graphqlErrors, ResponseError } from "./response.ts";
import { isRecord, jsonText, parseJson } from "./json.ts";
import { instantSortKey } from "./project.ts";
import type { WandbRun } from "./run.ts";

type RunTest = (run: WandbRun) => boolean;

/**
 * Whether a run passes `filters`: JSON text in the manner of MongoDB. An unknown field has no value. An instant that is not ISO text
 * with `Z` matches nothing, one that is a number answers 500.
 */
export function parseRunFilter(text: string | null | undefined): RunTest {
  return text ? allOf(parseFilterText(text)) : () => true;
}

function parseFilterText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw filterError(`filters is no JSON: ${text}`);
  }
}

function allOf(filter: unknown): RunTest {
  if (!isRecord(filter)) throw filterError("a filter is an object");
  const tests = Object.entries(filter).map(([name, wanted]): RunTest => {
    if (!name.startsWith("$")) return fieldTest(name, wanted);
    const branches = Array.isArray(wanted) ? wanted.map(allOf) : [];
    if (name === "$and") return (run) => branches.every((test) => test(run));
    if (name === "$or") return (run) => branches.some((test) => test(run));
    if (name === "$nor") return (run) => !branches.some((test) => test(run));
    throw filterError(`unknown operator ${name}`);
  });
  return (run) => tests.every((test) => test(run));
}

function fieldTest(field: string, wanted: unknown): RunTest {
  const comparisons = isRecord(wanted) ? Object.entries(wanted) : [["$eq", wanted] as const];
  const tests = comparisons.map(([operator, operand]): RunTest => {
    const compare = operators[operator];
    if (!compare) throw filterError(`unknown operator ${operator}`);
    if (!instantFields.has(field) || operator === "$exists") {
      return (run) => compare(fieldValue(run, field), operand);
    }
    const keys = Array.isArray(operand) ? operand.map(parseInstant) : parseInstant(operand);
    if (keys === undefined) return () => false;
    return (run) => {
      const value = fieldValue(run, field);
      return compare(typeof value === "string" ? instantSortKey(value) : value, keys);
    };
  });
  return (run) => tests.every((test) => test(run));
}

type Compare = (actual: unknown, wanted: unknown) => boolean;

const operators: Readonly<Record<string, Compare>> = {
  $eq: equal,
  $ne: (actual, wanted) => !equal(actual, wanted),
  $gt: ordered((order) => order > 0),
  $gte: ordered((order) => order >= 0),
  $lt: ordered((order) => order < 0),
  $lte: ordered((order) => order <= 0),
  $in: oneOf,
  $nin: (actual, wanted) => !oneOf(actual, wanted),
  $exists: (actual, wanted) => (actual !== undefined && actual !== null) === Boolean(wanted),
  $regex: (actual, wanted) => {
    const pattern = new RegExp(String(wanted));
    return anyOf(actual, (value) => typeof value === "string" && pattern.test(value));
  },
};

function equal(actual: unknown, wanted: unknown): boolean {
  return anyOf(actual, (value) => JSON.stringify(value ?? null) === JSON.stringify(wanted));
}

function oneOf(actual: unknown, wanted: unknown): boolean {
  return Array.isArray(wanted) && wanted.some((one) => equal(actual, one));
}

/** Only values of one type are ordered. */
function ordered(holds: (order: number) => boolean): Compare {
  return (actual, wanted) =>
    anyOf(actual, (value) => {
      if (typeof value === "number" && typeof wanted === "number") return holds(value - wanted);
      if (typeof value !== "string" || typeof wanted !== "string") return false;
      return holds(value === wanted ? 0 : value < wanted ? -1 : 1);
    });
}

/** A list passes where one of its elements does. */
function anyOf(actual: unknown, passes: (value: unknown) => boolean): boolean {
  return passes(actual) || (Array.isArray(actual) && actual.some(passes));
}

const instantFields: ReadonlySet<string> = new Set(["createdAt", "heartbeatAt"]);

function parseInstant(operand: unknown): string | undefined {
  if (typeof operand === "number")
    throw new ResponseError(graphqlErrors(500, "internal server error"));
  if (typeof operand !== "string") return undefined;
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(operand)
    ? instantSortKey(operand)
    : undefined;
}

/** The fields that filters know: `name` is the run's id. */
function fieldValue(run: WandbRun, field: string): unknown {
  const { fields } = run;
  const [first = "", ...path] = field.split(".");
  if (first === "config" && fields.config) {
    if (path.at(-1) === "value") path.pop();
    return valueAtPath(parseJson(jsonText(fields.config)), path);
  }
  if (first === "summary_metrics" && fields.summary) {
    return valueAtPath(parseJson(jsonText(fields.summary)), path);
  }
  const { createdAt, heartbeatAt, state, displayName, tags, group, jobType, host, user } = fields;
  const known: Record<string, unknown> = {
    ...{ name: run.name, username: user },
    ...{ createdAt, heartbeatAt, state, displayName, tags, group, jobType, host },
  };
  return known[field];
}

function valueAtPath(value: unknown, path: readonly string[]): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  return isRecord(value) ? valueAtPath(value[name], rest) : undefined;
}

function filterError(message: string): ResponseError {
  return new ResponseError(graphqlErrors(400, message));
}
