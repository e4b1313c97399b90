import type { Environment, Source } from "../core/source.ts";
import { configFields } from "./check-settings.ts";
import type { Settings } from "./parse-settings.ts";

/** The part of a source that says what fills absent settings. */
type Filled = Pick<Source, "config" | "savedSettings">;

/** Settings, and where each comes from that the file does not have. */
export interface FilledSettings {
  readonly settings: Settings;
  /** By key: the name of a variable, or the file of the service's own client. */
  readonly origins: ReadonlyMap<string, string>;
}

/**
 * The settings, with absent ones taken from the environment, or else from what the service's own
 * client saved there.
 */
export function fillSettings(source: Filled, given: Settings, env: Environment): FilledSettings {
  const saved = source.savedSettings?.(env);
  const origins = new Map<string, string>();
  const settings: Record<string, unknown> = { ...given };
  const fill = (key: string, value: unknown, origin: string): void => {
    if (settings[key] !== undefined) return;
    settings[key] = value;
    origins.set(key, origin);
  };
  const fields = configFields(source);
  const isReplaced = (key: string): boolean => {
    const { unless } = fields[key] ?? {};
    return unless !== undefined && isSet(given[unless]);
  };
  for (const [key, { env: names = [] }] of Object.entries(fields)) {
    const name = names.find((candidate) => (env[candidate] ?? "") !== "");
    if (name !== undefined && !isReplaced(key)) fill(key, env[name], name);
  }
  for (const [key, value] of Object.entries(saved?.settings ?? {})) {
    if (saved && !isReplaced(key)) fill(key, value, saved.file);
  }
  return { settings, origins };
}

function isSet(value: unknown): boolean {
  return value !== undefined && !(Array.isArray(value) && value.length === 0);
}
