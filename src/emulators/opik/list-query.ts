import { z } from "zod";
import { plainText } from "./json.ts";
import type { Members } from "./json.ts";
import { dropwizardError, validationError } from "./response.ts";

/** The requested page of a list; `page` counts from 1. Throws a ResponseError. */
export function parsePage(query: URLSearchParams): { page: number; size: number } {
  return { page: parsePositive(query, "page", 1), size: parsePositive(query, "size", 10) };
}

/**
 * Sorts by the first entry of `sorting`; like the server, it ignores the others and unknown fields.
 */
export function sortEntities<T>(
  entities: readonly T[],
  { query, sortable, members }: SortOptions<T>,
): readonly T[] {
  const [first] = parseParameter(query.get("sorting"), "sorting", sortingShape);
  if (!first || !sortable.includes(first.field)) return entities;
  const sign = first.direction === "DESC" ? -1 : 1;
  const key = (entity: T): string => sortKey(members(entity)[first.field]);
  return [...entities].sort((a, b) => sign * compareText(key(a), key(b)));
}

/** How a list may be sorted. */
interface SortOptions<T> {
  readonly query: URLSearchParams;
  /** The fields that a request may sort by. */
  readonly sortable: readonly string[];
  readonly members: (entity: T) => Members;
}

/**
 * A predicate from the `filters` parameter, whose entries must all match. Supports names, ids and
 * timestamps. Throws a 400 ResponseError for an unknown field or operator.
 */
export function parseFilters(text: string | null | undefined): (members: Members) => boolean {
  const filters = parseParameter(text, "filters", filterShape);
  return (members) =>
    filters.every(({ field, operator, value }) =>
      operators[operator](sortKey(members[field]), sortKey(value)),
    );
}

const sortingShape = z.array(
  z.object({ field: z.string(), direction: z.enum(["ASC", "DESC"]).default("ASC") }),
);

const operators = {
  "=": (a: string, b: string) => a === b,
  "!=": (a: string, b: string) => a !== b,
  ">": (a: string, b: string) => a > b,
  ">=": (a: string, b: string) => a >= b,
  "<": (a: string, b: string) => a < b,
  "<=": (a: string, b: string) => a <= b,
  contains: (a: string, b: string) => a.toLowerCase().includes(b.toLowerCase()),
} satisfies Record<string, (a: string, b: string) => boolean>;

const filterShape = z.array(
  z.object({
    field: z.enum(["id", "name", "description", "created_at", "last_updated_at"]),
    operator: z.enum(["=", "!=", ">", ">=", "<", "<=", "contains"]),
    value: z.string(),
  }),
);

/** Text that sorts as the value does: timestamps lose their `Z`, so "…00Z" is before "…00.5Z". */
function sortKey(value: Members[string]): string {
  return plainText(value ?? "").replace(/(?<=^\d{4}-\d\d-\d\dT.*)Z$/, "");
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function parsePositive(query: URLSearchParams, name: string, fallback: number): number {
  const text = query.get(name);
  if (text === null || text === "") return fallback;
  // JAX-RS answers 404, not 400, if a query parameter is not a number.
  if (!/^-?\d{1,9}$/.test(text)) throw dropwizardError(404, "HTTP 404 Not Found");
  if (Number(text) >= 1) return Number(text);
  throw validationError(400, [`query param ${name} must be greater than or equal to 1`]);
}

function parseParameter<T>(
  text: string | null | undefined,
  name: string,
  shape: z.ZodType<T[]>,
): T[] {
  if (!text) return [];
  try {
    return shape.parse(JSON.parse(text));
  } catch {
    throw dropwizardError(400, `Invalid ${name} query parameter '${text}'`);
  }
}
