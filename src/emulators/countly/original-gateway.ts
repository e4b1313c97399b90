import { ResponseError } from "./response.ts";
import type { HttpResponse } from "./response.ts";
import { appOfCollection, authenticate } from "./auth.ts";
import type { RequestContext, Params } from "./request-context.ts";
import { documentJson } from "./document.ts";
import type { Document } from "./document.ts";
import { parseInteger } from "./params.ts";
import { readUserPage } from "./user-page.ts";

/** The lists of a gateway that speaks the original connector's shape: `{"data":[…]}`, by `limit` (default 100) and `skip`, nothing escaped. */
export function routeOriginal(call: RequestContext): HttpResponse {
  switch (call.path) {
    case "/o/apps/all":
      return listRows(call, ({ workspace }) => workspace.apps.map(({ fields }) => fields));
    case "/o/groups":
      return listRows(call, ({ workspace }) => workspace.groups.map(({ document }) => document));
    case "/o/users/all":
      return listUsers(call);
    default:
      throw new ResponseError(404, "not found");
  }
}

function listRows(
  call: RequestContext,
  rows: (call: RequestContext) => readonly Document[],
): HttpResponse {
  authenticate(call);
  if (call.faults.failingDatabase) return dataResponse([]);
  const { pageSizeCap = Infinity, ignoreSkip } = call.faults;
  const { skip, limit } = pageOf(call.params);
  const start = ignoreSkip ? 0 : skip;
  return dataResponse(rows(call).slice(start, start + Math.min(limit, pageSizeCap)));
}

/** The users of an app, with the app's id. */
function listUsers(call: RequestContext): HttpResponse {
  authenticate(call);
  const { params } = call;
  const app = appOfCollection(call, params["app_id"] ?? "");
  if (!app) return dataResponse([]);
  const page = readUserPage(call, app, { ...pageOf(params), query: queryOf(params) });
  return dataResponse(page.map((user) => ({ ...user, app_id: app.id })));
}

function pageOf(params: Params): { readonly skip: number; readonly limit: number } {
  return { skip: parseInteger(params["skip"]), limit: parseInteger(params["limit"]) || 100 };
}

/** `period=[from,to]`, both in milliseconds, picks by the last session; periods in words are not looked at. */
function queryOf({ period = "" }: Params): Document {
  const [, from, to] = /^\[\s*(\d+)\s*,\s*(\d+)\s*\]$/.exec(period) ?? [];
  if (!from || !to) return {};
  return { ls: { $gte: Math.floor(Number(from) / 1000), $lte: Math.ceil(Number(to) / 1000) } };
}

function dataResponse(rows: readonly Document[]): HttpResponse {
  return { status: 200, text: documentJson({ data: rows }) };
}
