import { firstPresent } from "../../../json/row-mapper.ts";
import { members, emptyMembers, plain } from "../../../json/text-scanner.ts";
import type { Rejected } from "../../../core/source.ts";

/** Users that a gateway shows when it is asked for those of an app. */
export interface GatewayUsers {
  /** Those of the app, as JSON. */
  readonly own: readonly string[];
  /** Those of apps that nobody knows. */
  readonly rejected: readonly Rejected[];
}

/** Tells users by the app that they name, as a gateway need not look at the one it is asked for. Those of another app of its list come with that one. */
export function splitGatewayUsers(
  texts: readonly string[],
  { app, apps }: { readonly app: string; readonly apps: readonly { readonly id: string }[] },
): GatewayUsers {
  const known = new Set(apps.map(({ id }) => id));
  const own: string[] = [];
  const rejected: Rejected[] = [];
  for (const text of texts) {
    const user = members(text) ?? emptyMembers;
    const named = appNamedBy(user) ?? app;
    if (named === app) own.push(text);
    else if (!known.has(named)) rejected.push(rejectForeignUser({ text, user }, { app, named }));
  }
  return { own, rejected };
}

function rejectForeignUser(
  { text, user }: { readonly text: string; readonly user: ReadonlyMap<string, string> },
  { app, named }: { readonly app: string; readonly named: string },
): Rejected {
  return {
    key: JSON.stringify([plain(firstPresent(user, ["_id", "user_id"]))]),
    payload: text,
    reason: `was shown for app "${app}", and names app "${named}", which the server does not list`,
    where: { app_id: app },
  };
}

/** The app that a user names; undefined where it names none. */
function appNamedBy(user: ReadonlyMap<string, string>): string | undefined {
  const name = plain(firstPresent(user, ["app_id"]));
  return name === "" ? undefined : name;
}
