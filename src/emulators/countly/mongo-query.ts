import { isDocument, isList } from "./document.ts";
import type { Document, Value } from "./document.ts";
import type { UserRow } from "./synthetic-users.ts";
import { compareValues, isSameType, typeName } from "./value-order.ts";

/** Thrown for a query that MongoDB rejects. */
export class BadQuery extends Error {
  override readonly name = "BadQuery";
}

/**
 * Compiles a MongoDB query to a predicate. Supports equality and `$eq $ne $gt $gte $lt $lte $in
 * $nin $exists $type` on members, also nested ones with dots, and `$and`, `$or` and `$nor`. Only
 * values of the same type compare, so no number is greater than a string. Throws a BadQuery for
 * anything else.
 *
 * @see https://www.mongodb.com/docs/manual/reference/operator/query/
 */
export function compileQuery(query: Document): (row: UserRow) => boolean {
  const tests = Object.entries(query).map(([name, condition]) => {
    const combine = combinations[name];
    if (combine) return combine(subqueries(name, condition));
    if (name.startsWith("$")) throw new BadQuery(`unknown top level operator: ${name}`);
    const test = fieldTest(condition ?? null);
    return (row: UserRow) => test(valueAt(row, name));
  });
  return (row) => tests.every((test) => test(row));
}

type Test = (value: Value | undefined) => boolean;
type RowTest = (row: UserRow) => boolean;

const combinations: Readonly<Record<string, (tests: readonly RowTest[]) => RowTest>> = {
  $and: (tests) => (row) => tests.every((test) => test(row)),
  $or: (tests) => (row) => tests.some((test) => test(row)),
  $nor: (tests) => (row) => !tests.some((test) => test(row)),
};

function subqueries(name: string, condition: Value | undefined): RowTest[] {
  if (!isList(condition) || condition.length === 0 || !condition.every(isDocument)) {
    throw new BadQuery(`${name} must be a nonempty array of objects`);
  }
  return condition.map(compileQuery);
}

function valueAt(row: UserRow, path: string): Value | undefined {
  const [first = "", ...rest] = path.split(".");
  return rest.reduce<Value | undefined>(
    (value, name) => (isDocument(value) ? value[name] : undefined),
    row.member(first),
  );
}

function fieldTest(condition: Value): Test {
  const operators = isDocument(condition) ? Object.entries(condition) : [];
  if (!operators.some(([name]) => name.startsWith("$"))) return equalTo(condition);
  const tests = operators.map(([name, operand]) => {
    const operator = fieldOperators[name];
    if (!operator) throw new BadQuery(`unknown operator: ${name}`);
    return operator(operand ?? null);
  });
  return (value) => tests.every((test) => test(value));
}

const fieldOperators: Readonly<Record<string, (operand: Value) => Test>> = {
  $eq: equalTo,
  $ne: (operand) => not(equalTo(operand)),
  $gt: (operand) => compared(operand, (order) => order > 0),
  $gte: (operand) => compared(operand, (order) => order >= 0),
  $lt: (operand) => compared(operand, (order) => order < 0),
  $lte: (operand) => compared(operand, (order) => order <= 0),
  $in: inList,
  $nin: (operand) => not(inList(operand)),
  $exists: (operand) => (value) => (value !== undefined) === Boolean(operand),
  $type: (operand) => (value) => value !== undefined && typeName(value) === operand,
};

function not(test: Test): Test {
  return (value) => !test(value);
}

function equalTo(operand: Value): Test {
  if (operand === null) return (value) => value === null || value === undefined;
  return compared(operand, (order) => order === 0);
}

function inList(operand: Value): Test {
  if (!isList(operand)) throw new BadQuery("$in needs an array");
  const tests = operand.map(equalTo);
  return (value) => tests.some((test) => test(value));
}

/** A list matches if one of its elements does. */
function compared(operand: Value, holds: (order: number) => boolean): Test {
  const test = (value: Value): boolean =>
    isSameType(value, operand) && holds(compareValues(value, operand));
  return (value) => {
    if (value === undefined) return false;
    return test(value) || (isList(value) && value.some(test));
  };
}

/**
 * Parses a query, without `$where`, `$expr`, `$function` and `$accumulator`, which the server
 * strips. Throws a SyntaxError for invalid JSON.
 */
export function parseQuery(text: string, dates: "plain" | "ejson" = "plain"): Document {
  const parsed: unknown = JSON.parse(text, (name, value: unknown) => {
    if (strippedOperators.has(name)) return undefined;
    return dates === "ejson" ? reviveDate(value) : value;
  });
  const query = parsed as Value;
  return isDocument(query) ? query : {};
}

const strippedOperators = new Set(["$where", "$expr", "$function", "$accumulator"]);

/** Converts EJSON dates; the emulator needs no other EJSON type. */
function reviveDate(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("$date" in value)) return value;
  const { $date } = value;
  return typeof $date === "string" || typeof $date === "number" ? new Date($date) : value;
}
