import { output, Refusal } from "./response.ts";
import type { Answer } from "./response.ts";
import type { CountlyApp } from "./app.ts";
import { authorizedApp } from "./auth.ts";
import type { Call, Params } from "./request-context.ts";
import type { Document } from "./document.ts";
import { count, find } from "./find-users.ts";
import { integer, lenientObject } from "./params.ts";
import { BadQuery } from "./mongo-query.ts";
import { searchUsers } from "./user-page.ts";

/**
 * `/o?method=user_details` of Enterprise: a list of users, or with `uid` or `did` one of them. Its source is not public: which column a number
 * in `iSortCol_0` means, and that a list without one is in no order, are this stand-in's choice.
 *
 * @see https://api.count.ly/reference/omethoduser_details
 */
export function answerUserDetails(call: Call): Answer {
  const app = authorizedApp(call, "users");
  const { uid, did } = call.params;
  if (uid ?? did) {
    const [user] = find(app.users, { query: uid ? { uid } : { did }, limit: 1 });
    return output(user ?? {});
  }
  try {
    return listed(call, app);
  } catch (error) {
    if (error instanceof BadQuery) throw new Refusal(400, "Error. Please check logs.");
    throw error;
  }
}

function listed(call: Call, app: CountlyApp): Answer {
  const { params, traps, tasks, workspace } = call;
  const query = lenientObject(params["query"] ?? params["filter"]);
  const members = traps.userDetailsMembers ?? [];
  const aaData = searchUsers(call, app, {
    query,
    projection: Object.fromEntries(members.map((name) => [name, 1])),
    sort: sortOf(params),
    skip: integer(params["iDisplayStart"]),
    limit: integer(params["iDisplayLength"]) || 10,
  });
  const result = {
    sEcho: params["sEcho"],
    iTotalRecords: app.users.size,
    iTotalDisplayRecords: count(app.users, query),
    aaData,
  };
  if (!traps.task) return output(result);
  const { polls, fails = false } = traps.task;
  const startMs = workspace.clock.nowMs;
  return output({ task_id: tasks.add({ app: app.id, startMs, polls, fails, result }) });
}

function sortOf(params: Params): Document {
  const column = ["name", "d", "sc", "ls", "tsd"][integer(params["iSortCol_0"])];
  if (!params["iSortCol_0"] || !column) return {};
  return { [column]: params["sSortDir_0"] === "asc" ? 1 : -1 };
}
