import type { CountlyApp } from "./app.ts";
import { authorizeApp } from "./auth.ts";
import type { Document } from "./document.ts";
import { countUsers, findUsers } from "./find-users.ts";
import { BadQuery } from "./mongo-query.ts";
import { parseInteger, parseObjectLeniently } from "./params.ts";
import type { Params, RequestContext } from "./request-context.ts";
import { outputResponse, ResponseError } from "./response.ts";
import type { HttpResponse } from "./response.ts";
import { readUserPage } from "./user-page.ts";

/**
 * `/o?method=user_details` of Enterprise: a list of users, or with `uid` or `did` one of them. Its
 * code is not public: the columns behind the numbers of `iSortCol_0`, and that a list without one
 * is unsorted, are guesses. Throws a ResponseError.
 *
 * @see https://api.count.ly/reference/omethoduser_details
 */
export function readUserDetails(context: RequestContext): HttpResponse {
  const app = authorizeApp(context, "users");
  const { uid, did } = context.params;
  if (uid ?? did) {
    const [user] = findUsers(app.users, { query: uid ? { uid } : { did }, limit: 1 });
    return outputResponse(user ?? {});
  }
  try {
    return listUsers(context, app);
  } catch (error) {
    if (error instanceof BadQuery) throw new ResponseError(400, "Error. Please check logs.");
    throw error;
  }
}

function listUsers(context: RequestContext, app: CountlyApp): HttpResponse {
  const { params, faults, tasks, workspace } = context;
  const query = parseObjectLeniently(params["query"] ?? params["filter"]);
  const members = faults.userDetailsMembers ?? [];
  const aaData = readUserPage(context, app, {
    query,
    projection: Object.fromEntries(members.map((name) => [name, 1])),
    sort: sortOf(params),
    skip: parseInteger(params["iDisplayStart"]),
    limit: parseInteger(params["iDisplayLength"]) || 10,
  });
  const result = {
    sEcho: params["sEcho"],
    iTotalRecords: app.users.size,
    iTotalDisplayRecords: countUsers(app.users, query),
    aaData,
  };
  if (!faults.task) return outputResponse(result);
  const { polls, fails = false } = faults.task;
  const startMs = workspace.clock.nowMs;
  return outputResponse({ task_id: tasks.add({ app: app.id, startMs, polls, fails, result }) });
}

function sortOf(params: Params): Document {
  const column = ["name", "d", "sc", "ls", "tsd"][parseInteger(params["iSortCol_0"])];
  if (!params["iSortCol_0"] || !column) return {};
  return { [column]: params["sSortDir_0"] === "asc" ? 1 : -1 };
}
