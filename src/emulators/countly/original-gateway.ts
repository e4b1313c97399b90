import { appOfCollection, authenticate } from "./auth.ts";
import { documentJson } from "./document.ts";
import type { Document } from "./document.ts";
import { parseInteger } from "./params.ts";
import type { Params, RequestContext } from "./request-context.ts";
import { ResponseError } from "./response.ts";
import type { HttpResponse } from "./response.ts";
import { readUserPage } from "./user-page.ts";

/**
 * Answers as a gateway in the shape that the original connector expected: `{"data":[…]}`, paged by
 * `limit` (default 100) and `skip`, without HTML escaping. Throws a ResponseError.
 */
export function routeOriginal(context: RequestContext): HttpResponse {
  switch (context.path) {
    case "/o/apps/all":
      return listRows(context, ({ workspace }) => workspace.apps.map(({ fields }) => fields));
    case "/o/groups":
      return listRows(context, ({ workspace }) => workspace.groups.map(({ document }) => document));
    case "/o/users/all":
      return listUsers(context);
    default:
      throw new ResponseError(404, "not found");
  }
}

function listRows(
  context: RequestContext,
  rows: (context: RequestContext) => readonly Document[],
): HttpResponse {
  authenticate(context);
  if (context.faults.failingDatabase) return dataResponse([]);
  const { pageSizeCap = Infinity, ignoreSkip } = context.faults;
  const { skip, limit } = pageOf(context.params);
  const start = ignoreSkip ? 0 : skip;
  return dataResponse(rows(context).slice(start, start + Math.min(limit, pageSizeCap)));
}

/** The users of an app, each with the app's id. */
function listUsers(context: RequestContext): HttpResponse {
  authenticate(context);
  const { params } = context;
  const app = appOfCollection(context, params["app_id"] ?? "");
  if (!app) return dataResponse([]);
  const page = readUserPage(context, app, { ...pageOf(params), query: queryOf(params) });
  return dataResponse(page.map((user) => ({ ...user, app_id: app.id })));
}

function pageOf(params: Params): { readonly skip: number; readonly limit: number } {
  return { skip: parseInteger(params["skip"]), limit: parseInteger(params["limit"]) || 100 };
}

/** `period=[from,to]` in milliseconds selects by last session; named periods are ignored. */
function queryOf({ period = "" }: Params): Document {
  const [, from, to] = /^\[\s*(\d+)\s*,\s*(\d+)\s*\]$/.exec(period) ?? [];
  if (!from || !to) return {};
  return { ls: { $gte: Math.floor(Number(from) / 1000), $lte: Math.ceil(Number(to) / 1000) } };
}

function dataResponse(rows: readonly Document[]): HttpResponse {
  return { status: 200, text: documentJson({ data: rows }) };
}
