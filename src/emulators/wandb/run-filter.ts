import { isRecord } from "./json.ts";
import { graphqlErrors, ResponseError } from "./response.ts";
import { fieldValue, instantSortKey } from "./run-field.ts";
import type { WandbRun } from "./run.ts";

type RunTest = (run: WandbRun) => boolean;

/**
 * Compiles `filters`, JSON text in the manner of MongoDB, to a predicate. An unknown field has no
 * value. A timestamp that is not ISO 8601 with `Z` matches nothing, and a number fails with 500.
 * A condition on one of the `deadFields` matches nothing either. Throws a ResponseError.
 */
export function parseRunFilter(
  text: string | null | undefined,
  deadFields: readonly string[] = [],
): RunTest {
  return text ? allOf(parseFilterText(text), deadFields) : () => true;
}

function parseFilterText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw filterError(`filters is not JSON: ${text}`);
  }
}

function allOf(filter: unknown, deadFields: readonly string[]): RunTest {
  if (!isRecord(filter)) throw filterError("a filter must be an object");
  const tests = Object.entries(filter).map(([name, expected]): RunTest => {
    if (deadFields.includes(name)) return () => false;
    if (!name.startsWith("$")) return fieldTest(name, expected);
    if (name === "$not") return not(allOf(expected, deadFields));
    const branches = Array.isArray(expected)
      ? expected.map((branch) => allOf(branch, deadFields))
      : [];
    if (name === "$and") return (run) => branches.every((test) => test(run));
    if (name === "$or") return (run) => branches.some((test) => test(run));
    if (name === "$nor") return (run) => !branches.some((test) => test(run));
    throw filterError(`unknown operator ${name}`);
  });
  return (run) => tests.every((test) => test(run));
}

function not(test: RunTest): RunTest {
  return (run) => !test(run);
}

function fieldTest(field: string, expected: unknown): RunTest {
  const comparisons = isRecord(expected) ? Object.entries(expected) : [["$eq", expected] as const];
  const tests = comparisons.map(([operator, operand]): RunTest => {
    if (operator === "$not") return not(fieldTest(field, operand));
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

function filterError(message: string): ResponseError {
  return new ResponseError(graphqlErrors(400, message));
}
