import type { Rejected } from "../../../core/source.ts";
import { firstPresent } from "../../../json/row-mapper.ts";
import { emptyMembers, members, plain } from "../../../json/text-scanner.ts";
import { toInstant } from "../rows/to-instant.ts";

interface GatewayUsers {
  /** Users of the requested app, as JSON texts. */
  readonly own: readonly string[];
  /** Users of apps that the server does not list. */
  readonly rejected: readonly Rejected[];
}

/**
 * Splits users by the app they name, because a gateway may ignore which app is requested. Users of
 * another listed app are dropped: they are read with that app.
 */
export function splitGatewayUsers(
  texts: readonly string[],
  { app, apps }: { readonly app: string; readonly apps: readonly { readonly id: string }[] },
): GatewayUsers {
  const listed = new Set(apps.map(({ id }) => id));
  const own: string[] = [];
  const rejected: Rejected[] = [];
  for (const text of texts) {
    const user = members(text) ?? emptyMembers;
    const named = appNamedBy(user) ?? app;
    if (named === app) own.push(text);
    else if (!listed.has(named)) rejected.push(rejectForeignUser({ text, user }, { app, named }));
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
    reason: `listed under app "${app}" but names app "${named}", which the server does not list`,
    where: { app_id: app, last_seen: toInstant(firstPresent(user, ["ls", "last_seen"])) },
  };
}

/** The app that a user names, if any. */
function appNamedBy(user: ReadonlyMap<string, string>): string | undefined {
  const name = plain(firstPresent(user, ["app_id"]));
  return name === "" ? undefined : name;
}
