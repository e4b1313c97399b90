import { TransientError } from "../../core/errors.ts";
import { members } from "../../core/json-text.ts";
import type { Stream } from "../../core/source.ts";
import { statusOf } from "../../http/failure.ts";
import type { App } from "./app-list.ts";
import type { CountlyConfig } from "./config.ts";
import type { Ask } from "./countly-client.ts";
import { goneApps } from "./gone-apps.ts";
import { objectText } from "./object-text.ts";
import { appDeclaration, pageReader } from "./rows.ts";
import type { CountlySession } from "./session.ts";
import { stamped } from "./tables.ts";

/** The apps, with their details where the key may read them. */
export function appStream(session: CountlySession, config: CountlyConfig): Stream {
  const { name, columns, primaryKey } = appDeclaration;
  return {
    name,
    columns,
    primaryKey,
    stamped,
    description: "The apps, with their keys, times and owners",
    async *read(options) {
      const { startedAt, log, checkpoints } = options;
      const server = await session.server(checkpoints.get(""));
      const apps = session.selected(server, options);
      const pages = pageReader(appDeclaration, log);
      const texts = await Promise.all(apps.map((app) => appText(app, server.ask)));
      const page = { rows: texts.filter((text) => text !== undefined), number: 1 };
      yield pages.read(page, { processed_at: startedAt.toISOString() });
      for (const { id } of apps) {
        if (!checkpoints.has(id)) yield { rows: [], bytes: 0, partition: id, checkpoint: {} };
      }
      const { login } = server;
      yield* goneApps({ ...options, server, config, apps, checkpoint: { login } });
    },
  };
}

/** What the server tells of an app, in its list and in its details, as one object without its secrets. Undefined where it tells nothing. */
async function appText(app: App, ask: Ask): Promise<string | undefined> {
  if (app.text === undefined) return undefined;
  const details = app.administered ? await detailsOf(app, ask) : [];
  return objectText(new Map([...(members(app.text) ?? []), ...details]));
}

/** @see https://api.count.ly/reference/oappsdetails */
async function detailsOf({ id }: App, ask: Ask): Promise<Iterable<readonly [string, string]>> {
  try {
    const { text } = await ask({ path: "o/apps/details", params: { app_id: id } });
    return members(members(text)?.get("app") ?? "") ?? [];
  } catch (error) {
    if (![400, 401, 403].includes(statusOf(error) ?? 0)) throw error;
    // What a database that fails makes of an app that stood in the list a moment ago; its times would be lost.
    if (!/App does not exist/i.test(String(error))) return [];
    throw new TransientError(`app "${id}": was in the list, and has no details; run again later`, {
      cause: error,
    });
  }
}
