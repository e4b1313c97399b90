import { z } from "zod";
import { validationError, dropwizardError } from "./response.ts";
import { plainText } from "./json.ts";
import type { Members } from "./json.ts";

/** The page that a list was asked for. */
export function parsePage(query: URLSearchParams): { page: number; size: number } {
  return { page: parsePositive(query, "page", 1), size: parsePositive(query, "size", 10) };
}

/** Orders by the first entry of `sorting`, if it is a sortable field; the service ignores all others without a word. */
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

export interface SortOptions<T> {
  readonly query: URLSearchParams;
  readonly sortable: readonly string[];
  readonly members: (entity: T) => Members;
}

/** Whether an entity passes every entry of `filters`: names and instants only. An unknown field or operator answers 400. */
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

/** Text whose order is the value's: without its `Z`, "…00Z" comes before "…00.5Z". */
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
  // JAX-RS answers 404, not 400, where a query parameter is no number.
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
