import type { Json } from "../../../core/source.ts";
import type { Query } from "../../../http/url.ts";
import type { ResponseEncoding } from "../client/countly-client.ts";
import type { MongoQuery } from "./user-query.ts";

/** What is asked of a way to read users. */
export interface UserEndpointQuery {
  /** The id of the app. */
  readonly app: string;
  readonly query: MongoQuery;
  /** Ways that are in no order do not look at it. */
  readonly sort: MongoQuery;
  readonly limit: number;
}

/** One of the server's ways to read the users of an app. */
export interface UserEndpoint {
  readonly name: string;
  readonly path: string;
  readonly encoding: ResponseEncoding;
  /** The member that holds the users, where the answer is not the bare array. */
  readonly rowKey?: string;
  /** The member that says how many users the query finds, where there is one. */
  readonly totalKey?: string;
  /** Whether the users come in the order that was asked for. */
  readonly sorted: boolean;
  /** A member that tells a whole document from a part of one. */
  readonly completeMarker?: string;
  /** Whether it is taken only where nothing else is open, and not remembered, because it shows less than the others. */
  readonly isLastResort?: boolean;
  params(question: UserEndpointQuery): Query;
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
 * The ways to read users, the best one first. All of them take a query of MongoDB; what a key may do in each is granted apart.
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
    // Without a projection only what concerns consents is shown.
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
