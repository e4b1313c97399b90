import type { Json } from "../../../core/source.ts";
import type { Query } from "../../../http/url.ts";
import type { ResponseEncoding } from "../client/countly-client.ts";
import type { MongoQuery } from "./user-query.ts";

/** What to request from an endpoint. */
interface UserEndpointQuery {
  /** Id of the app. */
  readonly app: string;
  readonly query: MongoQuery;
  /** Ignored by unsorted endpoints. */
  readonly sort: MongoQuery;
  readonly limit: number;
}

/** One of the server's endpoints that list the users of an app. */
export interface UserEndpoint {
  /** Saved in checkpoints. */
  readonly name: string;
  readonly path: string;
  readonly encoding: ResponseEncoding;
  /** The member that holds the users. Absent: the response is the bare array. */
  readonly rowKey?: string;
  /** The member that holds how many users match the query, if there is one. */
  readonly totalKey?: string;
  /** Whether it respects `sort`. */
  readonly sorted: boolean;
  /** A member that only complete documents have. */
  readonly completeMarker?: string;
  /**
   * Used only if no other endpoint works, and not remembered, because its documents are partial.
   */
  readonly isLastResort?: boolean;
  /** The parameters of a request. */
  params(request: UserEndpointQuery): Query;
}

const profiles = {
  path: "o",
  encoding: "escaped",
  rowKey: "aaData",
  totalKey: "iTotalDisplayRecords",
  sorted: false,
  params: ({ app, query, limit }) => ({
    method: "user_details",
    app_id: app,
    query: json(query),
    iDisplayStart: 0,
    iDisplayLength: limit,
  }),
} as const satisfies Omit<UserEndpoint, "name">;

/**
 * The endpoints that list users, best first. All take a MongoDB query; a key's rights to each are
 * granted separately.
 *
 * @see https://api.count.ly/reference/rest-api-reference
 */
export const userEndpoints: readonly UserEndpoint[] = [
  { ...profiles, name: "profiles", completeMarker: "last_sync" },
  {
    name: "export",
    path: "o/export/db",
    encoding: "plain",
    sorted: true,
    params: ({ app, query, sort, limit }) => ({
      collection: collectionOf(app),
      query: json(query),
      sort: json(sort),
      limit,
      type: "json",
    }),
  },
  {
    name: "consents",
    path: "o/app_users/consents",
    encoding: "escaped",
    rowKey: "aaData",
    totalKey: "iTotalDisplayRecords",
    sorted: true,
    // Without a projection, documents contain only what concerns consents.
    params: ({ app, query, sort, limit }) => ({
      app_id: app,
      query: json(query),
      project: "{}",
      sort: json(sort),
      limit,
    }),
  },
  {
    name: "viewer",
    path: "o/db",
    encoding: "ejson",
    rowKey: "collections",
    totalKey: "total",
    sorted: true,
    params: ({ app, query, sort, limit }) => ({
      app_id: app,
      dbs: "countly",
      collection: collectionOf(app),
      filter: json(query),
      sort: json(sort),
      limit,
    }),
  },
  { ...profiles, name: "parts of profiles", isLastResort: true },
];

function collectionOf(app: string): string {
  return `app_users${app}`;
}

function json(value: Json): string {
  return JSON.stringify(value);
}
