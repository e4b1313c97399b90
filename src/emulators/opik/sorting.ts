import { z } from "zod";
import type { OpikEntity } from "./dataset.ts";
import { plainText } from "./json.ts";
import type { Members } from "./json.ts";
import { parseList } from "./query-parameter.ts";
import { sortKey } from "./sort-key.ts";

/** How a list may be sorted. */
interface SortOptions<T> {
  readonly query: URLSearchParams;
  /** The fields that a request may sort by. */
  readonly sortable: readonly string[];
  readonly members: (entity: T) => Members;
}

/**
 * Sorts by the first entry of `sorting`; like the server, it ignores the others and unknown fields.
 */
export function sortEntities<T>(
  entities: readonly T[],
  { query, sortable, members }: SortOptions<T>,
): readonly T[] {
  const [first] = parseList(query.get("sorting"), "sorting", sortingShape);
  if (!first || !sortable.includes(first.field)) return entities;
  const sign = first.direction === "DESC" ? -1 : 1;
  const key = (entity: T): string => sortKey(members(entity)[first.field]);
  return [...entities].sort((a, b) => sign * compareText(key(a), key(b)));
}

/**
 * A filter by the `name` parameter: names that contain it, ignoring case. It is a pattern of SQL,
 * in which `%` stands for any text and `_` for any character.
 */
export function nameContains(query: URLSearchParams): (entity: OpikEntity) => boolean {
  const literal = (query.get("name") ?? "").replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const pattern = new RegExp(literal.replaceAll("%", ".*").replaceAll("_", "."), "isu");
  return ({ name }) => pattern.test(plainText(name));
}

const sortingShape = z.array(
  z.object({ field: z.string(), direction: z.enum(["ASC", "DESC"]).default("ASC") }),
);

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
