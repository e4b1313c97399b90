import type { CountlyApp } from "../../../src/emulators/countly/app.ts";
import type { Edition } from "../../../src/emulators/countly/request-context.ts";
import {
  documentJson,
  type Document,
  type Value,
} from "../../../src/emulators/countly/document.ts";
import type { CountlyWorkspace } from "../../../src/emulators/countly/workspace.ts";
import type { SqlRow, TestDatabase } from "../../support/databases.ts";

/** The cells of a row by column; JSON parsed. */
export type Cells = Readonly<Record<string, unknown>>;

/** The rows that a server's three tables should have, in key order; independent of the source. */
export function expectedRows(
  workspace: CountlyWorkspace,
  edition: Edition,
): Record<string, Cells[]> {
  const users = workspace.apps.flatMap((app) =>
    usersOf(app).map((user) => userCells(app, user, edition)),
  );
  return {
    apps: sorted(
      workspace.apps.map((app) => appCells(app, workspace, edition)),
      "app_id",
    ),
    groups:
      edition === "community"
        ? []
        : sorted(
            workspace.groups.map(({ document }) => groupCells(document)),
            "group_id",
          ),
    users: sorted(users, "user_id"),
  };
}

/** The ids of all users of these apps, sorted. */
export function userIds(...apps: readonly CountlyApp[]): string[] {
  return apps.flatMap((app) => usersOf(app).map(documentId)).sort();
}

/** The ids of an app's users, in the order in which the server stores them. */
export function userIdsInStoredOrder({ users }: CountlyApp): string[] {
  return [...users.rows()].map(({ document }) => documentId(document));
}

function documentId({ _id }: Document): string {
  if (typeof _id === "string") return _id;
  throw new Error("expected a user with an _id");
}

/**
 * The rows that the three tables have, without deleted ones and without the columns of the sync.
 */
export async function storedRows(database: TestDatabase): Promise<Record<string, Cells[]>> {
  const table = async (name: string, key: string): Promise<Cells[]> => {
    const rows = await database.query(`SELECT * FROM ${name} WHERE NOT _deleted`);
    return sorted(rows.map(toCells), key);
  };
  return {
    apps: await table("apps", "app_id"),
    groups: await table("groups", "group_id"),
    users: await table("users", "user_id"),
  };
}

const json = ["metadata", "custom_data", "group_keys", "permission", "users", "raw"];
const ownColumns = ["_synced_at", "_deleted", "processed_at"];

function toCells(row: SqlRow): Cells {
  const cells = Object.entries(row).filter(([column]) => !ownColumns.includes(column));
  return Object.fromEntries(
    cells.map(([column, value]) => {
      if (value === null || value === undefined) return [column, null];
      if (column === "global_admin") return [column, [1, "t"].includes(value as string | number)];
      if (json.includes(column)) return [column, JSON.parse(textOf(value)) as unknown];
      if (typeof value === "string" && /^\d{4}-\d\d-\d\d[T ]/.test(value))
        return [column, instant(value)];
      return [column, textOf(value)];
    }),
  );
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Evens out the timestamp formats of SQLite and Postgres. */
function instant(text: string): string {
  return new Date(text.replace(" ", "T").replace(/\+00$/, "Z")).toISOString();
}

function sorted(rows: Cells[], key: string): Cells[] {
  return rows.sort((a, b) => (String(a[key]) < String(b[key]) ? -1 : 1));
}

function usersOf({ users }: CountlyApp): Document[] {
  return [...users.byId({}, 1)].map(({ document }) => document);
}

function plain(value: Value | undefined): unknown {
  return value === undefined ? null : (JSON.parse(documentJson(value)) as unknown);
}

/** A scalar as text, as rows are compared. */
function text(value: Value | undefined): string | null {
  const parsed = plain(value);
  if (parsed === null) return null;
  return typeof parsed === "object" ? JSON.stringify(parsed) : textOf(parsed);
}

function time(value: Value | undefined): string | null {
  if (value === undefined || value === null || value === "" || value === 0) return null;
  if (value instanceof Date) return value.toISOString();
  const number = Number(value);
  return new Date(number < 1e11 ? number * 1000 : number).toISOString();
}

function userCells({ id }: CountlyApp, user: Document, edition: Edition): Cells {
  const texts = {
    ...{ user_id: "_id", device_id: "did", email: "email", organization: "organization" },
    ...{
      phone: "phone",
      picture: "picture",
      gender: "gender",
      byear: "byear",
      session_count: "sc",
    },
    ...{ total_session_duration: "tsd", session_duration: "sd", uid: "uid", name: "name" },
    ...{ platform: "p", platform_version: "pv", app_version: "av", device: "d", device_type: "dt" },
    ...{
      manufacturer: "mnf",
      carrier: "c",
      resolution: "r",
      country_code: "cc",
      region: "rgn",
      city: "cty",
    },
  };
  const times = {
    ...{
      first_seen: "fs",
      last_seen: "ls",
      last_payment: "lp",
      first_action: "fac",
      last_action: "lac",
    },
    ...{ first_sync: "first_sync", last_sync: "last_sync", last_update: "lu" },
  };
  const from = (
    members: Readonly<Record<string, string>>,
    make: (value: Value | undefined) => unknown,
  ) => Object.entries(members).map(([column, name]) => [column, make(user[name])] as const);
  return {
    ...Object.fromEntries([...from(texts, text), ...from(times, time)]),
    username: text(user["username"]) ?? text(user["name"]),
    app_id: id,
    custom_data: plain(user["custom"]),
    raw: plain(edition === "original" ? { ...user, app_id: id } : user),
  };
}

function appCells(app: CountlyApp, workspace: CountlyWorkspace, edition: Edition): Cells {
  const { fields } = app;
  const isGateway = edition === "original";
  const owner = workspace.members.find(({ id }) => id === fields["owner"]);
  const cells = {
    app_id: app.id,
    ...Object.fromEntries(
      ["name", "key", "timezone", "country", "category"].map((name) => [name, text(fields[name])]),
    ),
    created_at: time(fields["created_at"]),
    updated_at: time(fields["edited_at"]),
    last_data: time(fields["last_data"]),
    icon: null,
    metadata: null,
    type: isGateway ? text(fields["type"]) : null,
    owner: isGateway ? text(fields["owner"]) : (owner?.name ?? null),
    owner_id: isGateway ? null : text(fields["owner"]),
  };
  return { ...cells, raw: rawOf(app, owner?.name, isGateway) };
}

/** All that the server sends about an app, except its salt. */
function rawOf(app: CountlyApp, owner: string | undefined, isGateway: boolean): unknown {
  const fields: Document = { ...app.fields, salt: undefined };
  if (isGateway) return plain(fields);
  const { name, key, timezone, country, category, created_at, edited_at, plugins, last_data } =
    fields;
  const actions = usersOf(app).map(({ lac }) => Number(lac ?? 0));
  return plain({
    ...{ _id: app.id, name, key, timezone, country, category },
    ...{
      owner: owner ?? "",
      owner_id: fields["owner"] ?? "",
      created_at,
      edited_at,
      plugins,
      last_data,
    },
    last_data_users: Math.max(0, ...actions),
  });
}

function groupCells(group: Document): Cells {
  const users = group["users"];
  return {
    group_id: text(group["_id"]),
    name: text(group["name"]),
    description: text(group["description"]),
    user_count:
      text(group["matched_users_count"]) ?? String(Array.isArray(users) ? users.length : null),
    created_at: null,
    updated_at: null,
    metadata: null,
    group_keys: plain(group["groupID"]),
    global_admin: group["global_admin"],
    permission: plain(group["permission"]),
    users: plain(users),
    raw: plain(group),
  };
}
