import { z } from "zod";
import {
  secretText,
  serviceUrl,
  textList,
  toggle,
  wholeNumber,
} from "../../../core/config-field.ts";
import { clientFields } from "../../../http/client-fields.ts";

/** Stands for every app that the key may read. */
export const everyApp = "*";

export const countlyConfig = z
  .object({
    api_key: secretText({
      description: "Your Countly API key (of your user, not of an app), or a token.",
      env: ["COUNTLY_API_KEY"],
    }),
    app_id: textList({
      description:
        "The id of the app to copy, several, or `*` for every app that the key may read.",
      env: ["COUNTLY_APP_ID"],
    }),
    base_url: serviceUrl({
      description: "Where your Countly server is: `https://countly.example.com`.",
      env: ["COUNTLY_URL"],
    }),
    max_records_per_page: wholeNumber(
      { min: 1, max: 1000 },
      {
        description:
          "Users to ask for at once, at most; fewer are asked for by itself where the server needs it.",
      },
    ).default(100),
    ...clientFields,
    request_timeout_seconds: clientFields.request_timeout_seconds.unwrap().default(30),
    retry_attempts: clientFields.retry_attempts.unwrap().default(3),
    concurrency: clientFields.concurrency.unwrap().default(4),
    enable_apps_sync: toggle({ description: "Copy the apps." }).default(true),
    enable_groups_sync: toggle({
      description:
        "Copy the groups. Without it: where the server has them; `true` insists on them, so that a server without is an error.",
    }).optional(),
    enable_users_sync: toggle({ description: "Copy the users of the apps." }).default(true),
    initial_sync_days: wholeNumber(
      { min: 1, max: 36_500 },
      {
        description:
          "Only users that were active in so many days before the first sync, or since. Without it: all.",
      },
    ).optional(),
    lookback_minutes: wholeNumber(
      { min: 0, max: 100_000 },
      { description: "How far behind the last activity users are looked at again." },
    ).default(10),
    full_resync_days: wholeNumber(
      { min: 0, max: 3650 },
      {
        description:
          "How often all users are read again, because edits, merges and removals are no activity; 0 for never.",
      },
    ).default(7),
  })
  .refine(({ app_id }) => app_id.length > 0, {
    path: ["app_id"],
    message: 'expected the id of an app, several, or "*"',
  })
  .refine(
    ({ enable_apps_sync, enable_groups_sync, enable_users_sync }) =>
      enable_apps_sync || enable_groups_sync !== false || enable_users_sync,
    {
      path: ["enable_users_sync"],
      message: "nothing is left to copy; enable apps, groups or users",
    },
  );

export type CountlyConfig = z.output<typeof countlyConfig>;

/** Whether every app is copied, whatever there is. */
export function copiesEveryApp({ app_id }: CountlyConfig): boolean {
  return app_id.includes(everyApp);
}
