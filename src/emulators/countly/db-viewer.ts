import type { CountlyApp } from "./app.ts";
import { appIdOf, appOfCollection, authenticate } from "./auth.ts";
import { documentJson } from "./document.ts";
import type { Document } from "./document.ts";
import { parseQueryStrictly } from "./export-db.ts";
import { countUsers } from "./find-users.ts";
import { mayRead } from "./member.ts";
import { BadQuery } from "./mongo-query.ts";
import { parseInteger, parseObjectLeniently } from "./params.ts";
import type { RequestContext } from "./request-context.ts";
import { messageResponse, outputResponse, ResponseError } from "./response.ts";
import type { HttpResponse } from "./response.ts";
import { readUserPage } from "./user-page.ts";

/**
 * `/o/db` of the database viewer: a page of a collection in EJSON, with the number of all matching
 * documents. Throws a ResponseError.
 */
export function viewCollection(context: RequestContext): HttpResponse {
  const { params } = context;
  const member = authenticate(context);
  const { collection } = params;
  const database = params["dbs"] ?? params["db"];
  if (database && !databases.includes(database))
    throw new ResponseError(404, "Database not found.");
  if (!database || !collection) return outputResponse([]);
  if (!mayRead(member, appIdOf(collection), "dbviewer")) {
    throw new ResponseError(401, "User does not have right to view this collection");
  }
  const filter = parseQueryStrictly(params["filter"] ?? params["query"], "ejson");
  const app = appOfCollection(context, collection);
  try {
    return viewPage(context, app, filter);
  } catch (error) {
    if (error instanceof BadQuery) return messageResponse(500, error.message);
    throw error;
  }
}

const databases = ["countly", "countly_drill", "countly_out", "countly_fs"];

function viewPage(
  context: RequestContext,
  app: CountlyApp | undefined,
  query: Document,
): HttpResponse {
  const { params } = context;
  const limit = parseInteger(params["limit"] ?? "20");
  const skip = parseInteger(params["skip"]);
  const total = app ? countUsers(app.users, query) : 0;
  const projection = parseObjectLeniently(params["project"] ?? params["projection"]);
  const search = { query, projection, sort: parseObjectLeniently(params["sort"]), limit, skip };
  const page = app ? readUserPage(context, app, search) : [];
  const texts = page.map((document) => documentJson(document, "ejson"));
  const head = [
    `{"limit":${limit}`,
    `"start":${skip + 1}`,
    `"end":${Math.min(skip + limit, total)}`,
    `"total":${total}`,
    `"pages":${Math.ceil(total / limit)}`,
    `"curPage":${Math.ceil((skip + 1) / limit)}`,
    `"collections":[`,
  ].join(", ");
  return { status: 200, text: `${head}${texts.join(",")}]}`, streamed: true };
}
