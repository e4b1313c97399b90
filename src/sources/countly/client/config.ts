import { z } from "zod";
import {
  secretText,
  serviceUrl,
  textList,
  toggle,
  wholeNumber,
} from "../../../core/config-field.ts";
import { massDeletionFields } from "../../../core/mass-deletion-fields.ts";
import { clientFields } from "../../../http/client-fields.ts";

/** In `app_id`: every app that the key may read. */
const everyApp = "*";

/** The configuration section `countly`. */
export const countlyConfig = z
  .object({
    api_key: secretText({
      description: "API key of your Countly user (not of an app), or a token.",
      env: ["COUNTLY_API_KEY"],
    }),
    app_id: textList({
      description: "Id of the app to copy, or several, or `*` for every app that the key may read.",
      env: ["COUNTLY_APP_ID"],
    }),
    base_url: serviceUrl({
      description: "URL of your Countly server: `https://countly.example.com`.",
      env: ["COUNTLY_URL"],
    }),
    max_records_per_page: wholeNumber(
      { min: 1, max: 1000 },
      {
        description: "Maximum users per request; reduced automatically if needed.",
      },
    ).default(100),
    ...clientFields,
    request_timeout_seconds: clientFields.request_timeout_seconds.unwrap().default(30),
    retry_attempts: clientFields.retry_attempts.unwrap().default(3),
    concurrency: clientFields.concurrency.unwrap().default(4),
    enable_apps_sync: toggle({ description: "Copy the apps." }).default(true),
    enable_groups_sync: toggle({
      description:
        "Copy the groups. Not set: if the server has any. `true`: fail if the server has no groups.",
    }).optional(),
    enable_users_sync: toggle({ description: "Copy the users of the apps." }).default(true),
    initial_sync_days: wholeNumber(
      { min: 1, max: 36_500 },
      {
        description:
          "Copy only users that were active within this many days before the first sync, or later. Not set: all users.",
      },
    ).optional(),
    lookback_minutes: wholeNumber(
      { min: 0, max: 100_000 },
      {
        description: "How many minutes before the last activity seen to start reading users again.",
      },
    ).default(10),
    full_resync_days: wholeNumber(
      { min: 0, max: 3650 },
      {
        description:
          "Days after which all users are read again, to find edits, merges and deletions; 0: never.",
      },
    ).default(7),
    ...massDeletionFields,
  })
  .refine(({ app_id }) => app_id.length > 0, {
    path: ["app_id"],
    message: 'expected the id of an app, or several, or "*"',
  })
  .refine(
    ({ enable_apps_sync, enable_groups_sync, enable_users_sync }) =>
      enable_apps_sync || enable_groups_sync !== false || enable_users_sync,
    {
      path: ["enable_users_sync"],
      message: "nothing to copy; enable apps, groups or users",
    },
  );

/** A valid configuration section `countly`. */
export type CountlyConfig = z.output<typeof countlyConfig>;

/** Whether `app_id` selects every app rather than some by id. */
export function copiesEveryApp({ app_id }: CountlyConfig): boolean {
  return app_id.includes(everyApp);
}
