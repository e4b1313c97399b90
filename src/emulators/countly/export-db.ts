import { messageResponse, ResponseError, arrayResponse } from "./response.ts";
import type { HttpResponse } from "./response.ts";
import type { CountlyApp } from "./app.ts";
import { appIdOf, appOfCollection, authenticate } from "./auth.ts";
import type { RequestContext } from "./request-context.ts";
import type { Document } from "./document.ts";
import { mayRead } from "./member.ts";
import { parseInteger, parseObjectLeniently } from "./params.ts";
import { BadQuery, parseQuery } from "./mongo-query.ts";
import { readUserPage } from "./user-page.ts";

/**
 * `/o/export/db`: the documents of a collection as a bare array, of which the server knows those of users. A collection that is not there has
 * none. What goes wrong in the database comes too late for the status: the array ends early, and is closed.
 */
export function exportCollection(call: RequestContext): HttpResponse {
  const { params } = call;
  const member = authenticate(call);
  const { collection } = params;
  if (!collection) throw new ResponseError(400, 'Missing parameter "collection"');
  const query = parseQueryStrictly(params["filter"] ?? params["query"]);
  if (!mayRead(member, appIdOf(collection), "export")) {
    return messageResponse(401, "User does not have access right for this collection");
  }
  const app = appOfCollection(call, collection);
  return arrayResponse(app ? exportUsers(call, app, query) : []);
}

/** The query of a parameter. Throws a Refusal where it is no JSON. */
export function parseQueryStrictly(text = "{}", dates: "plain" | "ejson" = "plain"): Document {
  try {
    return parseQuery(text, dates);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ResponseError(400, `Failed to parse query. ${reason}`);
  }
}

function exportUsers(call: RequestContext, app: CountlyApp, query: Document): Document[] {
  const { params, faults } = call;
  const asked = parseInteger(params["limit"]);
  const cut = faults.truncateExport?.afterRows;
  const projection = parseObjectLeniently(params["project"] ?? params["projection"]);
  try {
    const found = readUserPage(call, app, {
      query,
      projection: Object.keys(projection).length > 0 ? { ...projection, _id: 1 } : {},
      sort: parseObjectLeniently(params["sort"]),
      skip: parseInteger(params["skip"]),
      limit: Math.min(asked, faults.exportLimit ?? 10_000),
    });
    return found.slice(0, cut);
  } catch (error) {
    if (error instanceof BadQuery) return [];
    throw error;
  }
}
