import { TransientError } from "../../core/errors.ts";
import { members } from "../../json/text-scanner.ts";
import type { Stream } from "../../core/source.ts";
import { statusOf } from "../../http/http-error.ts";
import type { App } from "./server/app-list.ts";
import type { CountlyConfig } from "./client/config.ts";
import type { SendRequest } from "./client/countly-client.ts";
import { sweepDeletedApps } from "./deleted-apps.ts";
import { joinMembers } from "./rows/strip-secrets.ts";
import { appDeclaration, newPageMapper } from "./rows/rows.ts";
import type { CountlyLogin, CountlyServer } from "./server/login.ts";
import { stamped } from "./rows/tables.ts";

/** A member of an object, by its name; its value as JSON. */
type Member = readonly [name: string, json: string];

/** The apps, with their details where the key may read them. */
export function appStream(session: CountlyLogin, config: CountlyConfig): Stream {
  const { name, columns, primaryKey } = appDeclaration;
  return {
    name,
    columns,
    primaryKey,
    stamped,
    description: "The apps, with their keys, times and owners",
    async *read(options) {
      const { startedAt, log, checkpoints } = options;
      const server = await session.connect(checkpoints.get(""));
      const apps = session.selectApps(server, options);
      const pages = newPageMapper(appDeclaration, log);
      const texts = await appsWithDetails(apps, server);
      // Known before they are there: what has a row and is not known would stay when it goes.
      for (const { id } of apps) {
        if (!checkpoints.has(id)) yield { rows: [], bytes: 0, partition: id, checkpoint: {} };
      }
      const page = { rows: texts, number: 1 };
      yield pages.map(page, { processed_at: startedAt.toISOString() });
      const { keyLocation } = server;
      yield* sweepDeletedApps({
        ...options,
        server,
        config,
        apps,
        checkpoint: { login: keyLocation },
      });
    },
  };
}

/** What the server tells of each app, in its list and in its details, as one object without its secrets; of some it tells nothing. */
async function appsWithDetails(
  apps: readonly App[],
  { send, confirmAccess }: CountlyServer,
): Promise<string[]> {
  let refusals = 0;
  const textOf = async (app: App): Promise<string | undefined> => {
    if (app.text === undefined) return undefined;
    const details = app.administered ? await requestDetails(app, send) : [];
    if (!details) refusals += 1;
    return joinMembers(new Map([...(members(app.text) ?? []), ...(details ?? [])]));
  };
  const texts = await Promise.all(apps.map(textOf));
  if (refusals > 0) await confirmAccess();
  return texts.filter((text) => text !== undefined);
}

/**
 * Undefined where they are refused.
 *
 * @see https://api.count.ly/reference/oappsdetails
 */
async function requestDetails(
  { id }: App,
  ask: SendRequest,
): Promise<Iterable<Member> | undefined> {
  try {
    const { body } = await ask({ path: "o/apps/details", params: { app_id: id } });
    const answer = members(body.text);
    const details = members(answer?.get("app") ?? "");
    if (answer?.size === 0 || details?.size === 0) throw missingDetailsError(id);
    return details ?? [];
  } catch (error) {
    if (![400, 401, 403].includes(statusOf(error) ?? 0)) throw error;
    if (!/App does not exist/i.test(String(error))) return undefined;
    throw missingDetailsError(id, error);
  }
}

/** What a database that fails makes of an app that stood in the list a moment ago; its times would be lost. */
function missingDetailsError(id: string, cause?: unknown): TransientError {
  return new TransientError(`app "${id}": was in the list, and has no details; run again later`, {
    cause,
  });
}
