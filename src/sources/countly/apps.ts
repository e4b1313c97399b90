import { TransientError } from "../../core/errors.ts";
import type { Stream } from "../../core/source.ts";
import { statusOf } from "../../http/http-error.ts";
import { members } from "../../json/text-scanner.ts";
import type { CountlyConfig } from "./client/config.ts";
import type { SendRequest } from "./client/countly-client.ts";
import { sweepDeletedApps } from "./deleted-apps.ts";
import { appDeclaration, newPageMapper } from "./rows/rows.ts";
import { joinMembers } from "./rows/strip-secrets.ts";
import { stamped } from "./rows/tables.ts";
import type { App } from "./server/app-list.ts";
import type { CountlyLogin, CountlyServer } from "./server/login.ts";

/** A member of an object: its name, and its value as JSON text. */
type Member = readonly [name: string, json: string];

/** The apps, with their details if the key may read them. */
export function appStream(login: CountlyLogin, config: CountlyConfig): Stream {
  const { name, columns, primaryKey } = appDeclaration;
  return {
    name,
    columns,
    primaryKey,
    stamped,
    description: "The apps, with their keys, times and owners",
    async *read(options) {
      const { startedAt, log, checkpoints } = options;
      const server = await login.connect(checkpoints.get(""));
      const apps = login.selectApps(server, options);
      const believed = login.judgeApps(apps, options);
      const mapper = newPageMapper(appDeclaration, log);
      const texts = await appsWithDetails(apps, server);
      // Checkpoints come before rows: a row whose app has no checkpoint would not be swept.
      for (const { id } of apps) {
        if (!checkpoints.has(id)) yield { rows: [], bytes: 0, partition: id, checkpoint: {} };
      }
      const page = { rows: texts, number: 1 };
      yield mapper.map(page, { processed_at: startedAt.toISOString() });
      const checkpoint = { login: server.keyLocation, apps: believed };
      const { refusal } = login.judge;
      yield* sweepDeletedApps({ ...options, server, config, apps, checkpoint, refusal });
    },
  };
}

/**
 * Each app's list entry merged with its details, without secrets. Apps without an entry are left
 * out.
 */
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
 * The members of an app's details; undefined if the key may not read them.
 *
 * @see https://api.count.ly/reference/oappsdetails
 */
async function requestDetails(
  { id }: App,
  send: SendRequest,
): Promise<Iterable<Member> | undefined> {
  try {
    const { body } = await send({ path: "o/apps/details", params: { app_id: id } });
    const response = members(body.text);
    const details = members(response?.get("app") ?? "");
    if (response?.size === 0 || details?.size === 0) throw missingDetailsError(id);
    return details ?? [];
  } catch (error) {
    if (![400, 401, 403].includes(statusOf(error) ?? 0)) throw error;
    if (!/App does not exist/i.test(String(error))) return undefined;
    throw missingDetailsError(id, error);
  }
}

/**
 * The database must be failing, since the app was just listed. Going on would erase the app's
 * times.
 */
function missingDetailsError(id: string, cause?: unknown): TransientError {
  return new TransientError(`app "${id}": is listed but has no details; run again later`, {
    cause,
  });
}
