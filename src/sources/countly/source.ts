import type { Source } from "../../core/source.ts";
import { appStream } from "./apps.ts";
import { countlyConfig, type CountlyConfig } from "./client/config.ts";
import { groupStream } from "./groups.ts";
import { CountlyLogin } from "./server/login.ts";
import { userStream } from "./users.ts";

/** Countly: the apps of a server, its groups, and the users of the apps. */
export const countly: Source<CountlyConfig> = {
  name: "countly",
  title: "Countly",
  config: countlyConfig,
  identity: ({ base_url, app_id }) => `${base_url} ${[...new Set(app_id)].sort().join(",")}`,
  streams(config, context) {
    const session = new CountlyLogin(config, context);
    return [
      ...(config.enable_apps_sync ? [appStream(session, config)] : []),
      ...(config.enable_groups_sync === false ? [] : [groupStream(session, config)]),
      ...(config.enable_users_sync ? [userStream(session, config)] : []),
    ];
  },
  async check(config, context) {
    const session = new CountlyLogin(config, context);
    session.selectApps(await session.connect(), { checkpoints: new Map() });
  },
};
