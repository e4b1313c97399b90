import { TransientError } from "../../core/errors.ts";
import type { Checkpoint, Json, ReadOptions, StreamBatch } from "../../core/source.ts";
import type { MassDeletionError } from "../../engine/mass-deletion.ts";
import { statusOf } from "../../http/http-error.ts";
import { copiesEveryApp, type CountlyConfig } from "./client/config.ts";
import type { App } from "./server/app-list.ts";
import type { CountlyServer } from "./server/login.ts";
import { isResyncDue } from "./users/user-checkpoint.ts";

interface SweepDeletedAppsOptions extends ReadOptions {
  readonly server: CountlyServer;
  readonly config: CountlyConfig;
  /** The apps that this sync read. */
  readonly apps: readonly App[];
  /** Set if nothing may be marked in this sync. */
  readonly refusal: MassDeletionError | undefined;
  /** Other members of the stream's checkpoint. */
  readonly checkpoint: Checkpoint;
}

/**
 * Sweeps the rows of apps that are certainly deleted, and saves the stream's checkpoint. Rows of
 * apps that the key merely cannot see any more stay as they are. Throws the refusal, if there is
 * one, instead of sweeping.
 */
export async function* sweepDeletedApps(
  options: SweepDeletedAppsOptions,
): AsyncGenerator<StreamBatch, void> {
  const { server, config, apps, checkpoints, refusal, log } = options;
  const remaining = new Set(apps.map(({ id }) => id));
  const saved = checkpoints.get("") ?? {};
  const sweepsAll =
    !refusal && server.complete && copiesEveryApp(config) && isSweepDue(saved["swept"], options);
  if (sweepsAll)
    yield { ...emptyBatch, sweep: { by: ["app_id"], keys: [...remaining].map((id) => [id]) } };
  for (const id of checkpoints.keys()) {
    if (refusal || id === "" || remaining.has(id)) continue;
    if (server.complete || (await isDeletedApp(server, id))) {
      yield {
        ...emptyBatch,
        sweep: { where: { app_id: id }, keys: [] },
        partition: id,
        checkpoint: null,
      };
    } else log.warning(`app "${id}": the key can no longer see it; its rows are left unchanged`);
  }
  const swept = sweepsAll ? options.startedAt.toISOString() : saved["swept"];
  const checkpoint = { ...options.checkpoint, ...(swept === undefined ? {} : { swept }) };
  if (JSON.stringify(checkpoint) !== JSON.stringify(saved)) yield { ...emptyBatch, checkpoint };
  if (refusal) throw refusal;
}

/**
 * Whether to sweep apps without a checkpoint too, which state that was deleted or restored from a
 * backup lacks.
 */
function isSweepDue(
  swept: Json | undefined,
  { config, fullRefresh, startedAt }: SweepDeletedAppsOptions,
): boolean {
  return (
    fullRefresh || isResyncDue(typeof swept === "string" ? swept : undefined, config, startedAt)
  );
}

const emptyBatch = { rows: [], bytes: 0 } as const;

/** Whether the server says that the app does not exist. It tells only those who may know. */
async function isDeletedApp({ send }: CountlyServer, app_id: string): Promise<boolean> {
  try {
    await send({ path: "o/apps/details", params: { app_id } });
    return false;
  } catch (error) {
    if (error instanceof TransientError || statusOf(error) === undefined) throw error;
    return /App does not exist/i.test(String(error));
  }
}
