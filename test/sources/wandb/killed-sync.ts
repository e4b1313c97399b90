import { newLog } from "../../../src/core/log.ts";
import { newRequestStats } from "../../../src/core/request-stats.ts";
import { openDestination } from "../../../src/destination/open.ts";
import { sync } from "../../../src/engine/sync.ts";
import { wandb as source } from "../../../src/sources/wandb/source.ts";
import type { Copy } from "./copy.ts";
import { Killed, killAfter } from "../../support/killed-session.ts";

/**
 * Syncs, each batch in a transaction of its own, and is killed after so many of them. Returns
 * whether it was; otherwise it came to its end before.
 */
export async function killedSync(
  copy: Copy,
  commits: number,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<boolean> {
  copy.clock.advance(60_000);
  const log = newLog(() => undefined);
  const { signal } = new AbortController();
  const transfer = newRequestStats();
  const { url: base_url, apiKey: api_key } = copy.wandb;
  const project = settings["projects"] === undefined ? { project: "vision" } : {};
  const config = source.config.parse({
    base_url,
    api_key,
    entity: "acme",
    ...project,
    ...settings,
  });
  await using destination = await openDestination(copy.database.url, { log });
  const identity = source.identity(config);
  await using session = await destination.lock({ name: "wandb", identity });
  try {
    await sync({
      session: killAfter(session, commits),
      streams: source.streams(config, { log, transfer, signal }),
      progress: { started: () => undefined, wrote: () => undefined, ended: () => undefined },
      ...{ transfer, signal, log, startedAt: new Date(), fullRefresh: false },
    });
    return false;
  } catch (error) {
    if (error instanceof Killed) return true;
    throw error;
  }
}
