import { wandb } from "../../src/sources/wandb/source.ts";
import type { Summary } from "../../src/engine/sync.ts";
import { syncSource, type SyncSourceOptions } from "./sync-source.ts";

type Settings = Readonly<Record<string, unknown>>;

/** A W&B emulator, and the database to copy it into. */
interface WandbTarget {
  readonly url: string;
  readonly apiKey: string;
  readonly destination: string;
}

/**
 * Syncs a W&B emulator into a database, in this process: the project `vision` of `acme`, unless the
 * settings say otherwise.
 */
export function syncWandb(
  { url, apiKey, destination }: WandbTarget,
  settings: Settings = {},
  options: Omit<SyncSourceOptions, "config" | "destination"> = {},
): Promise<Summary> {
  const config = {
    base_url: url,
    api_key: apiKey,
    entity: "acme",
    project: "vision",
    ...settings,
  };
  return syncSource(wandb, { ...options, destination, config });
}
