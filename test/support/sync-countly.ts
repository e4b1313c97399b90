import { countly } from "../../src/sources/countly/source.ts";
import type { Summary } from "../../src/engine/sync.ts";
import { syncSource, type SyncSourceOptions } from "./sync-source.ts";

type Settings = Readonly<Record<string, unknown>>;

/** Where a stand-in for Countly is, and what it is copied into. */
export interface SyncCountlyOptions {
  readonly url: string;
  readonly apiKey: string;
  readonly destination: string;
}

/** Syncs a stand-in for Countly into a database, in this process: every app, unless the settings say otherwise. */
export function syncCountly(
  { url, apiKey, destination }: SyncCountlyOptions,
  settings: Settings = {},
  options: Omit<SyncSourceOptions, "config" | "destination"> = {},
): Promise<Summary> {
  const config = { base_url: url, api_key: apiKey, app_id: "*", retry_attempts: 0, ...settings };
  return syncSource(countly, { ...options, destination, config });
}
