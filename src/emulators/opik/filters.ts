import { z } from "zod";
import { RawJson } from "../raw-json.ts";
import type { Json, Members } from "./json.ts";
import { parseList } from "./query-parameter.ts";
import { sortKey } from "./sort-key.ts";

/** Decides whether an object passes all filters. */
export type Predicate = (members: Members) => boolean;

/**
 * A predicate from the `filters` parameter of a list of datasets, whose entries must all match.
 * Throws a 400 ResponseError for an unknown field or operator.
 */
export function parseDatasetFilters(text: string | null | undefined): Predicate {
  return parseFilters(text, ["name", "description", ...commonFields]);
}

/**
 * The same for a list or stream of items. The field `data` takes a key; `data.KEY` is the same.
 */
export function parseItemFilters(text: string | null | undefined): Predicate {
  return parseFilters(text, ["source", "trace_id", "span_id", "data", ...commonFields]);
}

const commonFields = [
  "id",
  "tags",
  "created_at",
  "last_updated_at",
  "created_by",
  "last_updated_by",
] as const;

function parseFilters(text: string | null | undefined, fields: readonly string[]): Predicate {
  const shape = filterShape.refine(({ field }) => fields.includes(field.split(".", 1)[0] ?? ""));
  const filters = parseList(text, "filters", z.array(shape));
  return (members) =>
    filters.every(({ operator, value, ...field }) =>
      operators[operator](valuesOf(members, field), sortKey(value)),
    );
}

type Operator = (values: readonly string[], wanted: string) => boolean;

/** Compares a value, or any entry of a list. */
function some(compare: (value: string, wanted: string) => boolean): Operator {
  return (values, wanted) => values.some((value) => compare(value, wanted));
}

function none(compare: (value: string, wanted: string) => boolean): Operator {
  return (values, wanted) => !values.some((value) => compare(value, wanted));
}

const equals = (a: string, b: string): boolean => a === b;
const contains = (a: string, b: string): boolean => a.toLowerCase().includes(b.toLowerCase());

const operators = {
  "=": some(equals),
  "!=": none(equals),
  ">": some((a, b) => a > b),
  ">=": some((a, b) => a >= b),
  "<": some((a, b) => a < b),
  "<=": some((a, b) => a <= b),
  contains: some(contains),
  not_contains: none(contains),
  starts_with: some((a, b) => a.toLowerCase().startsWith(b.toLowerCase())),
  ends_with: some((a, b) => a.toLowerCase().endsWith(b.toLowerCase())),
  is_empty: (values) => values.every((value) => value === ""),
  is_not_empty: (values) => values.some((value) => value !== ""),
} satisfies Record<string, Operator>;

const filterShape = z.object({
  field: z.string(),
  operator: z.enum([
    "=",
    "!=",
    ">",
    ">=",
    "<",
    "<=",
    "contains",
    "not_contains",
    "starts_with",
    "ends_with",
    "is_empty",
    "is_not_empty",
  ]),
  key: z.string().nullish(),
  value: z.string().default(""),
});

interface Field {
  readonly field: string;
  readonly key?: string | null | undefined;
}

/** The texts that a filter compares: the entries of a list, or the value itself. */
function valuesOf(members: Members, { field, key }: Field): readonly string[] {
  const [name = "", ...rest] = field.split(".");
  const value = members[name];
  if (name !== "data") return Array.isArray(value) ? value.map(sortKey) : [sortKey(value)];
  return [sortKey(memberOf(value, [...rest, ...(key ? [key] : [])].join(".")))];
}

function memberOf(data: Json | undefined, key: string): Json | undefined {
  const plain: unknown = data instanceof RawJson ? JSON.parse(data.text) : data;
  const members = z.record(z.string(), z.custom<Json>()).safeParse(plain);
  return members.success ? members.data[key] : undefined;
}
