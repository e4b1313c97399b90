import type { CountlyApp } from "./app.ts";
import { appIdOf, appOfCollection, authenticate } from "./auth.ts";
import type { Document } from "./document.ts";
import { mayRead } from "./member.ts";
import { BadQuery, parseQuery } from "./mongo-query.ts";
import { parseInteger, parseObjectLeniently } from "./params.ts";
import type { RequestContext } from "./request-context.ts";
import { arrayResponse, messageResponse, ResponseError } from "./response.ts";
import type { HttpResponse } from "./response.ts";
import { readUserPage } from "./user-page.ts";

/**
 * `/o/export/db`: the documents of a collection as a bare array, empty if there is no such
 * collection. The emulator has only the collections of users. A database error comes too late for
 * the status: the array ends early but is closed. Throws a ResponseError.
 */
export function exportCollection(context: RequestContext): HttpResponse {
  const { params } = context;
  const member = authenticate(context);
  const { collection } = params;
  if (!collection) throw new ResponseError(400, 'Missing parameter "collection"');
  const query = parseQueryStrictly(params["filter"] ?? params["query"]);
  if (!mayRead(member, appIdOf(collection), "export")) {
    return messageResponse(401, "User does not have access right for this collection");
  }
  const app = appOfCollection(context, collection);
  return arrayResponse(app ? exportUsers(context, app, query) : []);
}

/** Parses the query in a parameter. Throws a ResponseError for invalid JSON. */
export function parseQueryStrictly(text = "{}", dates: "plain" | "ejson" = "plain"): Document {
  try {
    return parseQuery(text, dates);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ResponseError(400, `Failed to parse query. ${reason}`);
  }
}

function exportUsers(context: RequestContext, app: CountlyApp, query: Document): Document[] {
  const { params, faults } = context;
  const limit = parseInteger(params["limit"]);
  const cut = faults.truncateExport?.afterRows;
  const projection = parseObjectLeniently(params["project"] ?? params["projection"]);
  try {
    const found = readUserPage(context, app, {
      query,
      projection: Object.keys(projection).length > 0 ? { ...projection, _id: 1 } : {},
      sort: parseObjectLeniently(params["sort"]),
      skip: parseInteger(params["skip"]),
      limit: Math.min(limit, faults.exportLimit ?? 10_000),
    });
    return found.slice(0, cut);
  } catch (error) {
    if (error instanceof BadQuery) return [];
    throw error;
  }
}
