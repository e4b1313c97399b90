import { output, Refusal } from "./response.ts";
import type { Answer } from "./response.ts";
import { authorizedApp } from "./auth.ts";
import type { Call, Params } from "./request-context.ts";
import type { Document } from "./document.ts";
import { count } from "./find-users.ts";
import { integer, lenientObject } from "./params.ts";
import { BadQuery } from "./mongo-query.ts";
import { searchUsers } from "./user-page.ts";

/** `/o/app_users/consents` of the compliance hub, which takes any query and any projection. A query that the database refuses finds nothing at all, with 200. */
export function listConsents(call: Call): Answer {
  const { params } = call;
  if (!params["app_id"]) throw new Refusal(400, 'Missing parameter "app_id"');
  const app = authorizedApp(call, "compliance_hub");
  const query = lenientObject(params["query"] ?? params["filter"]);
  const { sEcho } = params;
  try {
    const total = app.users.size === 0 ? 0 : count(app.users, query);
    const aaData = searchUsers(call, app, {
      query,
      projection: projectionOf(params),
      sort: sortOf(params),
      limit: integer(params["limit"]) || integer(params["iDisplayLength"]),
      skip: integer(params["skip"]) || integer(params["iDisplayStart"]),
    });
    return output({ sEcho, iTotalRecords: total, iTotalDisplayRecords: total, aaData });
  } catch (error) {
    if (error instanceof BadQuery) return output({ sEcho });
    throw error;
  }
}

function projectionOf(params: Params): Document {
  const text = params["project"] ?? params["projection"];
  if (text) return lenientObject(text);
  return { did: 1, d: 1, av: 1, consent: 1, lac: 1, uid: 1, appUserExport: 1 };
}

function sortOf(params: Params): Document {
  const column = ["did", "d", "av", "consent", "lac"][integer(params["iSortCol_0"])];
  if (!params["iSortCol_0"] || !params["sSortDir_0"] || !column) {
    return lenientObject(params["sort"]);
  }
  return { [column]: params["sSortDir_0"] === "asc" ? 1 : -1 };
}
