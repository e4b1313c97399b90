import { Refusal } from "./response.ts";
import type { Answer } from "./response.ts";
import { appOfCollection, authenticated } from "./auth.ts";
import type { Call, Params } from "./request-context.ts";
import { documentText } from "./document.ts";
import type { Document } from "./document.ts";
import { integer } from "./params.ts";
import { searchUsers } from "./user-page.ts";

/** The lists of a gateway that speaks the original connector's shape: `{"data":[…]}`, by `limit` (default 100) and `skip`, nothing escaped. */
export function answerOriginal(call: Call): Answer {
  switch (call.path) {
    case "/o/apps/all":
      return listed(call, ({ workspace }) => workspace.apps.map(({ fields }) => fields));
    case "/o/groups":
      return listed(call, ({ workspace }) => workspace.groups.map(({ document }) => document));
    case "/o/users/all":
      return users(call);
    default:
      throw new Refusal(404, "not found");
  }
}

function listed(call: Call, rows: (call: Call) => readonly Document[]): Answer {
  authenticated(call);
  if (call.traps.failingDatabase) return data([]);
  const { pageSizeCap = Infinity, ignoreSkip } = call.traps;
  const { skip, limit } = pageOf(call.params);
  const start = ignoreSkip ? 0 : skip;
  return data(rows(call).slice(start, start + Math.min(limit, pageSizeCap)));
}

/** The users of an app, with the app's id. */
function users(call: Call): Answer {
  authenticated(call);
  const { params } = call;
  const app = appOfCollection(call, params["app_id"] ?? "");
  if (!app) return data([]);
  const page = searchUsers(call, app, { ...pageOf(params), query: queryOf(params) });
  return data(page.map((user) => ({ ...user, app_id: app.id })));
}

function pageOf(params: Params): { readonly skip: number; readonly limit: number } {
  return { skip: integer(params["skip"]), limit: integer(params["limit"]) || 100 };
}

/** `period=[from,to]`, both in milliseconds, picks by the last session; periods in words are not looked at. */
function queryOf({ period = "" }: Params): Document {
  const [, from, to] = /^\[\s*(\d+)\s*,\s*(\d+)\s*\]$/.exec(period) ?? [];
  if (!from || !to) return {};
  return { ls: { $gte: Math.floor(Number(from) / 1000), $lte: Math.ceil(Number(to) / 1000) } };
}

function data(rows: readonly Document[]): Answer {
  return { status: 200, text: documentText({ data: rows }) };
}
