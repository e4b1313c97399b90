import type { Source } from "../../core/source.ts";
import { allowMassDeletion } from "../../engine/allow-mass-deletion.ts";
import { appStream } from "./apps.ts";
import { countlyConfig, type CountlyConfig } from "./client/config.ts";
import { groupStream } from "./groups.ts";
import { CountlyLogin } from "./server/login.ts";
import { userStream } from "./users.ts";
import { countlyReport } from "./report.ts";

/** Countly: the apps and groups of a server, and the users of the apps. */
export const countly: Source<CountlyConfig> = {
  name: "countly",
  title: "Countly",
  config: countlyConfig,
  identity: ({ base_url, app_id }) => `${base_url} ${[...new Set(app_id)].sort().join(",")}`,
  report: countlyReport,
  streams(config, context) {
    const login = new CountlyLogin(config, context);
    const streams = [
      ...(config.enable_apps_sync ? [appStream(login, config)] : []),
      ...(config.enable_groups_sync === false ? [] : [groupStream(login, config)]),
      ...(config.enable_users_sync ? [userStream(login, config)] : []),
    ];
    return allowMassDeletion(streams, config);
  },
  async check(config, context) {
    const login = new CountlyLogin(config, context);
    login.selectApps(await login.connect(), { checkpoints: new Map() });
  },
};
