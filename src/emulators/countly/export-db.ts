import { message, Refusal, stream } from "./response.ts";
import type { Answer } from "./response.ts";
import type { CountlyApp } from "./app.ts";
import { appIdOf, appOfCollection, authenticated } from "./auth.ts";
import type { Call } from "./request-context.ts";
import type { Document } from "./document.ts";
import { mayRead } from "./member.ts";
import { integer, lenientObject } from "./params.ts";
import { BadQuery, parseQuery } from "./mongo-query.ts";
import { searchUsers } from "./user-page.ts";

/**
 * `/o/export/db`: the documents of a collection as a bare array, of which the server knows those of users. A collection that is not there has
 * none. What goes wrong in the database comes too late for the status: the array ends early, and is closed.
 */
export function exportCollection(call: Call): Answer {
  const { params } = call;
  const member = authenticated(call);
  const { collection } = params;
  if (!collection) throw new Refusal(400, 'Missing parameter "collection"');
  const query = strictQuery(params["filter"] ?? params["query"]);
  if (!mayRead(member, appIdOf(collection), "export")) {
    return message(401, "User does not have access right for this collection");
  }
  const app = appOfCollection(call, collection);
  return stream(app ? exported(call, app, query) : []);
}

/** The query of a parameter. Throws a Refusal where it is no JSON. */
export function strictQuery(text = "{}", dates: "plain" | "ejson" = "plain"): Document {
  try {
    return parseQuery(text, dates);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Refusal(400, `Failed to parse query. ${reason}`);
  }
}

function exported(call: Call, app: CountlyApp, query: Document): Document[] {
  const { params, traps } = call;
  const asked = integer(params["limit"]);
  const cut = traps.truncateExport?.afterRows;
  const projection = lenientObject(params["project"] ?? params["projection"]);
  try {
    const found = searchUsers(call, app, {
      query,
      projection: Object.keys(projection).length > 0 ? { ...projection, _id: 1 } : {},
      sort: lenientObject(params["sort"]),
      skip: integer(params["skip"]),
      limit: Math.min(asked, traps.exportLimit ?? 10_000),
    });
    return found.slice(0, cut);
  } catch (error) {
    if (error instanceof BadQuery) return [];
    throw error;
  }
}
