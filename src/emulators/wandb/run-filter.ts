import { isRecord, jsonText, parseJson } from "./json.ts";
import { instantSortKey } from "./project.ts";
import { graphqlErrors, ResponseError } from "./response.ts";
import type { WandbRun } from "./run.ts";

type RunTest = (run: WandbRun) => boolean;

/**
 * Compiles `filters`, JSON text in the manner of MongoDB, to a predicate. An unknown field has no
 * value. A timestamp that is not ISO 8601 with `Z` matches nothing, and a number fails with 500.
 * Throws a ResponseError.
 */
export function parseRunFilter(text: string | null | undefined): RunTest {
  return text ? allOf(parseFilterText(text)) : () => true;
}

function parseFilterText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw filterError(`filters is not JSON: ${text}`);
  }
}

function allOf(filter: unknown): RunTest {
  if (!isRecord(filter)) throw filterError("a filter must be an object");
  const tests = Object.entries(filter).map(([name, expected]): RunTest => {
    if (!name.startsWith("$")) return fieldTest(name, expected);
    const branches = Array.isArray(expected) ? expected.map(allOf) : [];
    if (name === "$and") return (run) => branches.every((test) => test(run));
    if (name === "$or") return (run) => branches.some((test) => test(run));
    if (name === "$nor") return (run) => !branches.some((test) => test(run));
    throw filterError(`unknown operator ${name}`);
  });
  return (run) => tests.every((test) => test(run));
}

function fieldTest(field: string, expected: unknown): RunTest {
  const comparisons = isRecord(expected) ? Object.entries(expected) : [["$eq", expected] as const];
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

type Compare = (actual: unknown, expected: unknown) => boolean;

const operators: Readonly<Record<string, Compare>> = {
  $eq: equal,
  $ne: (actual, expected) => !equal(actual, expected),
  $gt: ordered((order) => order > 0),
  $gte: ordered((order) => order >= 0),
  $lt: ordered((order) => order < 0),
  $lte: ordered((order) => order <= 0),
  $in: oneOf,
  $nin: (actual, expected) => !oneOf(actual, expected),
  $exists: (actual, expected) => (actual !== undefined && actual !== null) === Boolean(expected),
  $regex: (actual, expected) => {
    const pattern = new RegExp(String(expected));
    return anyOf(actual, (value) => typeof value === "string" && pattern.test(value));
  },
};

function equal(actual: unknown, expected: unknown): boolean {
  return anyOf(actual, (value) => JSON.stringify(value ?? null) === JSON.stringify(expected));
}

function oneOf(actual: unknown, expected: unknown): boolean {
  return Array.isArray(expected) && expected.some((value) => equal(actual, value));
}

/** Only values of the same type compare. */
function ordered(accepts: (order: number) => boolean): Compare {
  return (actual, expected) =>
    anyOf(actual, (value) => {
      if (typeof value === "number" && typeof expected === "number")
        return accepts(value - expected);
      if (typeof value !== "string" || typeof expected !== "string") return false;
      return accepts(value === expected ? 0 : value < expected ? -1 : 1);
    });
}

/** A list matches if one of its elements does. */
function anyOf(actual: unknown, matches: (value: unknown) => boolean): boolean {
  return matches(actual) || (Array.isArray(actual) && actual.some(matches));
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

/** The value of a field in a filter, in which `name` is the run's id. */
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
  const filterable: Record<string, unknown> = {
    ...{ name: run.name, username: user },
    ...{ createdAt, heartbeatAt, state, displayName, tags, group, jobType, host },
  };
  return filterable[field];
}

function valueAtPath(value: unknown, path: readonly string[]): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  return isRecord(value) ? valueAtPath(value[name], rest) : undefined;
}

function filterError(message: string): ResponseError {
  return new ResponseError(graphqlErrors(400, message));
}
