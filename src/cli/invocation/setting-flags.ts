import type { TypedSettings } from "../../configuration/configuration.ts";
import type { Settings } from "../../configuration/parse-settings.ts";
import { ConfigError } from "../../core/errors.ts";
import type { Source } from "../../core/source.ts";
import type { FlagName, Flags } from "./flags.ts";

/**
 * The flags of settings, with the keys that they set, by source. A table of its own, because flags
 * are declared before the source is loaded.
 */
const keysOfFlags: Readonly<Record<string, Partial<Record<FlagName, string>>>> = {
  opik: { workspace: "COMET_OPIK_WORKSPACE", url: "base_url" },
  wandb: { entity: "entity", project: "project", url: "base_url" },
  countly: { app: "app_id", url: "base_url" },
};

const quickStarts: Readonly<Record<string, string>> = {
  opik: "--workspace NAME",
  wandb: "ENTITY/PROJECT",
  countly: "--url URL --app ID",
};

/** The flags that set something of this source. */
export function settingFlagsOf(source: string): readonly FlagName[] {
  return Object.keys(keysOfFlags[source] ?? {}) as FlagName[];
}

/** What to type to sync without a configuration file; undefined for `example`. */
export function quickStartOf(source: string): string | undefined {
  return quickStarts[source];
}

/** What to do where nothing is configured, with the program as it was called. */
export function setupRemedy(program: string, source: string): string {
  return `run ${program} init to create it, or type what to copy: ${program} ${quickStartOf(source) ?? ""}`;
}

/** The flag of each key, to name it where the key is missing. */
export function flagsByKey(source: string): Readonly<Record<string, string>> {
  const flags = Object.entries(keysOfFlags[source] ?? {});
  return Object.fromEntries(flags.map(([flag, key]) => [key, `--${flag}`]));
}

interface Typed {
  readonly key: string;
  readonly value: unknown;
  readonly origin: string;
}

/** The settings that were typed, as flags or as arguments. */
export function typedSettings(
  source: Pick<Source, "name" | "normalize">,
  flags: Flags,
): TypedSettings {
  const flagged = Object.entries(keysOfFlags[source.name] ?? {}).flatMap(([flag, key]): Typed[] => {
    const value = flags[flag as FlagName];
    return value === undefined ? [] : [{ key, value, origin: `--${flag}` }];
  });
  const { projects = [], concurrency } = flags;
  if (projects.length > 0 && flags.project !== undefined)
    throw new ConfigError("--project: not beside ENTITY/PROJECT; name all projects in one way");
  if (projects.length > 0)
    flagged.push({ key: "project", value: projects, origin: "ENTITY/PROJECT" });
  if (concurrency !== undefined)
    flagged.push({ key: "concurrency", value: concurrency, origin: "--concurrency" });
  const given = Object.fromEntries(flagged.map(({ key, value }) => [key, value]));
  const normal = (settings: Settings): Settings => source.normalize?.(settings) ?? settings;
  // One that was typed may set several keys.
  const origins = flagged.flatMap(({ key, value, origin }) =>
    Object.keys(normal({ [key]: value })).map((set) => [set, origin] as const),
  );
  return { settings: normal(given), origins: new Map(origins) };
}
