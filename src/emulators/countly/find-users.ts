import { isDocument, isList } from "./document.ts";
import type { Document, Value } from "./document.ts";
import { compileQuery } from "./mongo-query.ts";
import { applyProjection } from "./projection.ts";
import type { UserRow } from "./synthetic-users.ts";
import type { IdRange, UserCollection } from "./user-collection.ts";
import { compareValues } from "./value-order.ts";

/** The arguments of a MongoDB `find` on a collection of users. */
export interface UserSearch {
  readonly query?: Document | undefined;
  readonly projection?: Document | undefined;
  readonly sort?: Document | undefined;
  readonly skip?: number | undefined;
  /** 0 or absent: all. */
  readonly limit?: number | undefined;
}

/**
 * The documents that a MongoDB `find` returns; without a sort in storage order. Throws a BadQuery.
 */
export function findUsers(users: UserCollection, search: UserSearch): Document[] {
  const { projection = {}, skip = 0, limit = 0 } = search;
  const found: Document[] = [];
  let matched = 0;
  for (const row of matchingRows(users, search)) {
    matched += 1;
    if (matched <= skip) continue;
    found.push(applyProjection(row.document, projection));
    if (found.length === limit) break;
  }
  return found;
}

/** The number of users that match a query. Throws a BadQuery. */
export function countUsers(users: UserCollection, query: Document = {}): number {
  if (Object.keys(query).length === 0) return users.size;
  const matches = compileQuery(query);
  let total = 0;
  for (const row of rowsFor(users, query)) if (matches(row)) total += 1;
  return total;
}

function* matchingRows(
  users: UserCollection,
  { query = {}, sort = {} }: UserSearch,
): Iterable<UserRow> {
  const matches = compileQuery(query);
  const [first, ...others] = Object.entries(sort);
  if (first === undefined) yield* filterRows(rowsFor(users, query), matches);
  else if (first[0] === "_id" && others.length === 0) {
    yield* filterRows(users.byId(idRange(query), isDescending(first[1]) ? -1 : 1), matches);
  } else yield* [...filterRows(rowsFor(users, query), matches)].sort(comparatorFor(sort));
}

function* filterRows(
  rows: Iterable<UserRow>,
  matches: (row: UserRow) => boolean,
): Iterable<UserRow> {
  for (const row of rows) if (matches(row)) yield row;
}

/** With a condition on the id the rows come in index order, otherwise in storage order. */
function rowsFor(users: UserCollection, query: Document): Iterable<UserRow> {
  const range = idRange(query);
  const open = range.from === undefined && range.to === undefined;
  return open ? users.rows() : users.byId(range, 1);
}

/** A range that holds all ids that match the query, and possibly others. */
function idRange(query: Document): IdRange {
  const { _id, $and } = query;
  const ranges = isList($and) ? $and.filter(isDocument).map(idRange) : [];
  if (typeof _id === "string") ranges.push({ from: _id, to: _id });
  if (isDocument(_id)) {
    ranges.push({
      from: asString(_id["$gt"] ?? _id["$gte"]),
      to: asString(_id["$lt"] ?? _id["$lte"]),
    });
  }
  return {
    from: ranges.map(({ from }) => from).find((id) => id !== undefined),
    to: ranges.map(({ to }) => to).find((id) => id !== undefined),
  };
}

function asString(value: Value | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function comparatorFor(sort: Document): (a: UserRow, b: UserRow) => number {
  const keys = Object.entries(sort).map(([name, direction]) => ({
    name,
    sign: isDescending(direction) ? -1 : 1,
  }));
  return (a, b) => {
    for (const { name, sign } of keys) {
      const order = compareValues(a.member(name), b.member(name));
      if (order !== 0) return order * sign;
    }
    return 0;
  };
}

function isDescending(direction: Value | undefined): boolean {
  return direction === -1 || direction === "desc";
}
