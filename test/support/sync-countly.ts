import type { Summary } from "../../src/engine/sync.ts";
import { countly } from "../../src/sources/countly/source.ts";
import { syncSource, type SyncSourceOptions } from "./sync-source.ts";

type Settings = Readonly<Record<string, unknown>>;

/** What to copy, and where to. */
interface SyncCountlyOptions {
  readonly url: string;
  readonly apiKey: string;
  readonly destination: string;
}

/** Syncs a Countly server in this process: every app, unless `settings` has an `app_id`. */
export function syncCountly(
  { url, apiKey, destination }: SyncCountlyOptions,
  settings: Settings = {},
  options: Omit<SyncSourceOptions, "config" | "destination"> = {},
): Promise<Summary> {
  const config = { base_url: url, api_key: apiKey, app_id: "*", retry_attempts: 0, ...settings };
  return syncSource(countly, { ...options, destination, config });
}
