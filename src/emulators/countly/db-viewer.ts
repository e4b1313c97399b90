import { message, output, Refusal } from "./response.ts";
import type { Answer } from "./response.ts";
import type { CountlyApp } from "./app.ts";
import { appIdOf, appOfCollection, authenticated } from "./auth.ts";
import type { Call } from "./request-context.ts";
import { documentText } from "./document.ts";
import type { Document } from "./document.ts";
import { strictQuery } from "./export-db.ts";
import { count } from "./find-users.ts";
import { mayRead } from "./member.ts";
import { integer, lenientObject } from "./params.ts";
import { BadQuery } from "./mongo-query.ts";
import { searchUsers } from "./user-page.ts";

/** `/o/db` of the database viewer: a page of a collection in EJSON, with the count of all that the filter finds. */
export function viewCollection(call: Call): Answer {
  const { params } = call;
  const member = authenticated(call);
  const { collection } = params;
  const database = params["dbs"] ?? params["db"];
  if (database && !databases.includes(database)) throw new Refusal(404, "Database not found.");
  if (!database || !collection) return output([]);
  if (!mayRead(member, appIdOf(collection), "dbviewer")) {
    throw new Refusal(401, "User does not have right to view this collection");
  }
  const filter = strictQuery(params["filter"] ?? params["query"], "ejson");
  const app = appOfCollection(call, collection);
  try {
    return viewed(call, app, filter);
  } catch (error) {
    if (error instanceof BadQuery) return message(500, error.message);
    throw error;
  }
}

const databases = ["countly", "countly_drill", "countly_out", "countly_fs"];

function viewed(call: Call, app: CountlyApp | undefined, query: Document): Answer {
  const { params } = call;
  const limit = integer(params["limit"] ?? "20");
  const skip = integer(params["skip"]);
  const total = app ? count(app.users, query) : 0;
  const projection = lenientObject(params["project"] ?? params["projection"]);
  const search = { query, projection, sort: lenientObject(params["sort"]), limit, skip };
  const page = app ? searchUsers(call, app, search) : [];
  const texts = page.map((document) => documentText(document, "ejson"));
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
