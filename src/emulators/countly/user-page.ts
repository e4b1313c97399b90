import type { CountlyApp } from "./app.ts";
import { isDocument, isList } from "./document.ts";
import type { Document } from "./document.ts";
import { findUsers } from "./find-users.ts";
import type { UserSearch } from "./find-users.ts";
import type { RequestContext } from "./request-context.ts";
import { ResponseError } from "./response.ts";

/** A page of an app's users, with the faults applied. Throws a BadQuery or a ResponseError. */
export function readUserPage(
  { faults, path }: RequestContext,
  app: CountlyApp,
  search: UserSearch,
): Document[] {
  const { brokenApp, pageSizeCap = Infinity } = faults;
  if (brokenApp?.app === app.id) throw new ResponseError(brokenApp.status ?? 200, "Cannot be read");
  const { query = {}, skip = 0, limit = 0 } = search;
  const page = findUsers(app.users, {
    ...search,
    query: faults.ignoreKeyset ? removeIdConditions(query) : query,
    skip: faults.ignoreSkip ? 0 : skip,
    limit: limit > pageSizeCap ? pageSizeCap : limit,
  });
  faults.onPage?.({ path, app: app.id, rows: page.length });
  return page;
}

function removeIdConditions(query: Document): Document {
  const others = Object.fromEntries(Object.entries(query).filter(([name]) => name !== "_id"));
  const { $and } = others;
  if (!isList($and)) return others;
  return { ...others, $and: $and.filter(isDocument).map(removeIdConditions) };
}
