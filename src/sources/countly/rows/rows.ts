import type { Log } from "../../../core/log.ts";
import type { Value } from "../../../core/schema.ts";
import { PageMapper, type RowDeclaration } from "../../../http/paging/page-mapper.ts";
import type { Members } from "../../../json/object-reader.ts";
import { firstPresent, type MemberName } from "../../../json/row-mapper.ts";
import { elements, plain } from "../../../json/text-scanner.ts";
import { appColumns, groupColumns, userColumns } from "./tables.ts";
import { toInstant } from "./to-instant.ts";

/** The members that each column is read from. */
type Fields = Readonly<Record<string, MemberName>>;

const createdFields = {
  created_at: "created_at",
  updated_at: ["edited_at", "updated_at"],
} as const satisfies Fields;

/** How the server's apps become rows. Unknown values may be sent as empty strings. */
export const appDeclaration: RowDeclaration = {
  name: "apps",
  columns: appColumns,
  primaryKey: ["app_id"],
  fields: { app_id: ["_id", "id", "app_id"] },
  derive: (app) => ({
    ...instantColumns(app, { ...createdFields, last_data: "last_data" }),
    ...nonEmptyColumns(app, { owner: "owner", owner_id: "owner_id" }),
  }),
};

/** How the server's groups become rows: groups of dashboard users, not of an app's users. */
export const groupDeclaration: RowDeclaration = {
  name: "groups",
  columns: groupColumns,
  primaryKey: ["group_id"],
  fields: { group_id: ["_id", "id", "group_id"], group_keys: "groupID" },
  derive: (group) => ({ ...instantColumns(group, createdFields), user_count: countMembers(group) }),
};

/**
 * How an app's users become rows. The server's member names are those of `common.dbUserMap`.
 *
 * @see https://github.com/Countly/countly-server/blob/master/api/utils/common.js
 */
export const userDeclaration: RowDeclaration = {
  name: "users",
  columns: userColumns,
  primaryKey: ["user_id"],
  fields: {
    user_id: ["_id", "user_id"],
    device_id: ["did", "device_id"],
    username: ["username", "name"],
    custom_data: "custom",
    platform: "p",
    platform_version: "pv",
    app_version: "av",
    device: "d",
    device_type: "dt",
    manufacturer: "mnf",
    carrier: "c",
    resolution: "r",
    country_code: "cc",
    region: "rgn",
    city: "cty",
  },
  derive: (user) => ({
    ...instantColumns(user, {
      first_seen: "fs",
      last_seen: "ls",
      last_payment: "lp",
      first_action: "fac",
      last_action: "lac",
      first_sync: "first_sync",
      last_sync: "last_sync",
      last_update: "lu",
    }),
    ...nonEmptyColumns(user, {
      byear: "byear",
      session_count: "sc",
      session_duration: "sd",
      total_session_duration: "tsd",
    }),
  }),
};

/**
 * Creates a mapper that logs new members at debug level only: an app's developers may store any
 * members they like.
 */
export function newPageMapper(declaration: RowDeclaration, log: Log): PageMapper {
  const quiet: Log["warning"] = (message, fields) => {
    log.debug(message, fields);
  };
  return new PageMapper(declaration, { ...log, warning: quiet });
}

function instantColumns(object: Members, fields: Fields): Readonly<Record<string, Value>> {
  return mapColumns(fields, (names) => toInstant(firstPresent(object, names)));
}

/** Columns of members that the server sends as empty strings if it has no value. */
function nonEmptyColumns(object: Members, fields: Fields): Readonly<Record<string, Value>> {
  return mapColumns(fields, (names) => {
    const text = plain(firstPresent(object, names));
    return text?.trim() === "" ? undefined : text;
  });
}

function mapColumns(
  fields: Fields,
  valueOf: (names: readonly string[]) => Value,
): Readonly<Record<string, Value>> {
  return Object.fromEntries(
    Object.entries(fields).map(([column, names]) => [column, valueOf([names].flat())]),
  );
}

/** The server's count, or else the length of the list of members. */
function countMembers(group: Members): Value {
  const counted = plain(firstPresent(group, ["user_count", "matched_users_count"]));
  return counted ?? elements(group.get("users") ?? "")?.length;
}
