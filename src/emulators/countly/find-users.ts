import type { Document, Value } from "./document.ts";
import { isDocument, isList } from "./document.ts";
import { compareValues } from "./value-order.ts";
import { applyProjection } from "./projection.ts";
import { compileQuery } from "./mongo-query.ts";
import type { UserRow } from "./synthetic-users.ts";
import type { IdRange, UserCollection } from "./user-collection.ts";

export interface UserSearch {
  readonly query?: Document | undefined;
  readonly projection?: Document | undefined;
  readonly sort?: Document | undefined;
  readonly skip?: number | undefined;
  /** 0 or absent: all. */
  readonly limit?: number | undefined;
}

/** What a search of MongoDB finds. Without a sort the order is nobody's: that in which the rows happen to be kept. Throws a BadQuery. */
export function findUsers(users: UserCollection, search: UserSearch): Document[] {
  const { projection = {}, skip = 0, limit = 0 } = search;
  const found: Document[] = [];
  let seen = 0;
  for (const row of matchingRows(users, search)) {
    seen += 1;
    if (seen <= skip) continue;
    found.push(applyProjection(row.document, projection));
    if (found.length === limit) break;
  }
  return found;
}

/** How many rows meet a query. Throws a BadQuery. */
export function countUsers(users: UserCollection, query: Document = {}): number {
  if (Object.keys(query).length === 0) return users.size;
  const passes = compileQuery(query);
  let total = 0;
  for (const row of rowsFor(users, query)) if (passes(row)) total += 1;
  return total;
}

function* matchingRows(
  users: UserCollection,
  { query = {}, sort = {} }: UserSearch,
): Iterable<UserRow> {
  const passes = compileQuery(query);
  const [first, ...others] = Object.entries(sort);
  if (first === undefined) yield* filterRows(rowsFor(users, query), passes);
  else if (first[0] === "_id" && others.length === 0) {
    yield* filterRows(users.byId(idRange(query), isDescending(first[1]) ? -1 : 1), passes);
  } else yield* [...filterRows(rowsFor(users, query), passes)].sort(comparatorFor(sort));
}

function* filterRows(
  rows: Iterable<UserRow>,
  passes: (row: UserRow) => boolean,
): Iterable<UserRow> {
  for (const row of rows) if (passes(row)) yield row;
}

/** A condition on the id lets the database walk its index; without one it looks at every row. */
function rowsFor(users: UserCollection, query: Document): Iterable<UserRow> {
  const range = idRange(query);
  const open = range.from === undefined && range.to === undefined;
  return open ? users.rows() : users.byId(range, 1);
}

/** Ids outside of the range do not meet the query; those inside may. */
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
