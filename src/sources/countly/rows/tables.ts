import type { Columns } from "../../../core/schema.ts";

/** The columns of `apps`: first those of the original connector, then the server's others. */
export const appColumns = {
  app_id: "string",
  name: "string",
  key: "string",
  timezone: "string",
  created_at: "timestamp",
  updated_at: "timestamp",
  icon: "string",
  metadata: "json",
  processed_at: "timestamp",
  country: "string",
  category: "string",
  type: "string",
  owner: "string",
  owner_id: "string",
  last_data: "timestamp",
  raw: "json",
} as const satisfies Columns;

/** The columns of `groups`: first those of the original connector, then the server's others. */
export const groupColumns = {
  group_id: "string",
  name: "string",
  description: "string",
  user_count: "integer",
  created_at: "timestamp",
  updated_at: "timestamp",
  metadata: "json",
  processed_at: "timestamp",
  group_keys: "json",
  global_admin: "boolean",
  permission: "json",
  users: "json",
  raw: "json",
} as const satisfies Columns;

/**
 * The columns of `users`: first those of the original connector, then the server's others.
 * Durations are in seconds.
 */
export const userColumns = {
  user_id: "string",
  app_id: "string",
  device_id: "string",
  username: "string",
  email: "string",
  organization: "string",
  phone: "string",
  picture: "string",
  gender: "string",
  byear: "integer",
  custom_data: "json",
  first_seen: "timestamp",
  last_seen: "timestamp",
  session_count: "integer",
  total_session_duration: "integer",
  processed_at: "timestamp",
  uid: "string",
  name: "string",
  platform: "string",
  platform_version: "string",
  app_version: "string",
  device: "string",
  device_type: "string",
  manufacturer: "string",
  carrier: "string",
  resolution: "string",
  country_code: "string",
  region: "string",
  city: "string",
  session_duration: "integer",
  last_payment: "timestamp",
  first_action: "timestamp",
  last_action: "timestamp",
  first_sync: "timestamp",
  last_sync: "timestamp",
  last_update: "timestamp",
  raw: "json",
} as const satisfies Columns;

/** The columns that hold the time of the sync that last changed the row. */
export const stamped: readonly string[] = ["processed_at"];
