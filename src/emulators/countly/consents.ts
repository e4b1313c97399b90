import { authorizeApp } from "./auth.ts";
import type { Document } from "./document.ts";
import { countUsers } from "./find-users.ts";
import { BadQuery } from "./mongo-query.ts";
import { parseInteger, parseObjectLeniently } from "./params.ts";
import type { Params, RequestContext } from "./request-context.ts";
import { outputResponse, ResponseError } from "./response.ts";
import type { HttpResponse } from "./response.ts";
import { readUserPage } from "./user-page.ts";

/**
 * `/o/app_users/consents` of the compliance hub, which takes any query and any projection. For a
 * query that the database rejects it answers 200 without a list. Throws a ResponseError.
 */
export function listConsents(context: RequestContext): HttpResponse {
  const { params } = context;
  if (!params["app_id"]) throw new ResponseError(400, 'Missing parameter "app_id"');
  const app = authorizeApp(context, "compliance_hub");
  const query = parseObjectLeniently(params["query"] ?? params["filter"]);
  const { sEcho } = params;
  try {
    const total = app.users.size === 0 ? 0 : countUsers(app.users, query);
    const aaData = readUserPage(context, app, {
      query,
      projection: projectionOf(params),
      sort: sortOf(params),
      limit: parseInteger(params["limit"]) || parseInteger(params["iDisplayLength"]),
      skip: parseInteger(params["skip"]) || parseInteger(params["iDisplayStart"]),
    });
    return outputResponse({ sEcho, iTotalRecords: total, iTotalDisplayRecords: total, aaData });
  } catch (error) {
    if (error instanceof BadQuery) return outputResponse({ sEcho });
    throw error;
  }
}

function projectionOf(params: Params): Document {
  const text = params["project"] ?? params["projection"];
  if (text) return parseObjectLeniently(text);
  return { did: 1, d: 1, av: 1, consent: 1, lac: 1, uid: 1, appUserExport: 1 };
}

function sortOf(params: Params): Document {
  const column = ["did", "d", "av", "consent", "lac"][parseInteger(params["iSortCol_0"])];
  if (!params["iSortCol_0"] || !params["sSortDir_0"] || !column) {
    return parseObjectLeniently(params["sort"]);
  }
  return { [column]: params["sSortDir_0"] === "asc" ? 1 : -1 };
}
