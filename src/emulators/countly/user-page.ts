import { Refusal } from "./response.ts";
import type { CountlyApp } from "./app.ts";
import type { Call } from "./request-context.ts";
import { isDocument, isList } from "./document.ts";
import type { Document } from "./document.ts";
import { find } from "./find-users.ts";
import type { Search } from "./find-users.ts";

/** A page of the users of an app, as far as the traps let the server find it. Throws a BadQuery, or a Refusal. */
export function searchUsers({ traps, path }: Call, app: CountlyApp, search: Search): Document[] {
  const { brokenApp, pageSizeCap = Infinity } = traps;
  if (brokenApp?.app === app.id) throw new Refusal(brokenApp.status ?? 200, "Cannot be read");
  const { query = {}, skip = 0, limit = 0 } = search;
  const page = find(app.users, {
    ...search,
    query: traps.ignoreKeyset ? withoutIds(query) : query,
    skip: traps.ignoreSkip ? 0 : skip,
    limit: limit > pageSizeCap ? pageSizeCap : limit,
  });
  traps.onPage?.({ path, app: app.id, rows: page.length });
  return page;
}

function withoutIds(query: Document): Document {
  const left = Object.fromEntries(Object.entries(query).filter(([name]) => name !== "_id"));
  const { $and } = left;
  return isList($and) ? { ...left, $and: $and.filter(isDocument).map(withoutIds) } : left;
}
