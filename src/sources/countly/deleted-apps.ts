import { TransientError } from "../../core/errors.ts";
import type { Checkpoint, Json, ReadOptions, StreamBatch } from "../../core/source.ts";
import { statusOf } from "../../http/http-error.ts";
import type { App } from "./server/app-list.ts";
import { copiesEveryApp, type CountlyConfig } from "./client/config.ts";
import type { CountlyServer } from "./server/login.ts";
import { isResyncDue } from "./users/user-checkpoint.ts";

export interface SweepDeletedAppsOptions extends ReadOptions {
  readonly server: CountlyServer;
  readonly config: CountlyConfig;
  /** The apps that were read. */
  readonly apps: readonly App[];
  /** What else the stream's checkpoint holds. */
  readonly checkpoint: Checkpoint;
}

/**
 * Marks the rows of apps as deleted that are gone for certain, and saves the stream's checkpoint. What the key only does not see any more
 * stays as it is.
 */
export async function* sweepDeletedApps(
  options: SweepDeletedAppsOptions,
): AsyncGenerator<StreamBatch, void> {
  const { server, config, apps, checkpoints, log } = options;
  const left = new Set(apps.map(({ id }) => id));
  const saved = checkpoints.get("") ?? {};
  const sweeps = server.complete && copiesEveryApp(config) && isSweepDue(saved["swept"], options);
  if (sweeps) yield { ...emptyBatch, sweep: { by: ["app_id"], keys: [...left].map((id) => [id]) } };
  for (const id of checkpoints.keys()) {
    if (id === "" || left.has(id)) continue;
    if (server.complete || (await isDeletedApp(server, id))) {
      yield {
        ...emptyBatch,
        sweep: { where: { app_id: id }, keys: [] },
        partition: id,
        checkpoint: null,
      };
    } else log.warning(`app "${id}": the key does not see it any more; its rows stay as they are`);
  }
  const swept = sweeps ? options.startedAt.toISOString() : saved["swept"];
  const checkpoint = { ...options.checkpoint, ...(swept === undefined ? {} : { swept }) };
  if (JSON.stringify(checkpoint) !== JSON.stringify(saved)) yield { ...emptyBatch, checkpoint };
}

/** Whether to look for rows of apps that no checkpoint knows: state that somebody deleted, or took from a backup, does not have them. */
function isSweepDue(
  swept: Json | undefined,
  { config, fullRefresh, startedAt }: SweepDeletedAppsOptions,
): boolean {
  return (
    fullRefresh || isResyncDue(typeof swept === "string" ? swept : undefined, config, startedAt)
  );
}

const emptyBatch = { rows: [], bytes: 0 } as const;

/** Whether the server itself says that an app does not exist; it says so only to those who may know. */
async function isDeletedApp({ send }: CountlyServer, app_id: string): Promise<boolean> {
  try {
    await send({ path: "o/apps/details", params: { app_id } });
    return false;
  } catch (error) {
    if (error instanceof TransientError || statusOf(error) === undefined) throw error;
    return /App does not exist/i.test(String(error));
  }
}
