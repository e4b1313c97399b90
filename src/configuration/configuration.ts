import { dirname } from "node:path";
import { ConfigError } from "../core/errors.ts";
import type { Environment, Source } from "../core/source.ts";
import {
  checkOffline,
  checkSettings,
  configFields,
  secretKeysOf,
  secretsOf,
} from "./check-settings.ts";
import { defaultConfigPath, readSettings, standardInput } from "./configuration-file.ts";
import { exposureOf } from "./exposure.ts";
import { fillSettings } from "./fill-settings.ts";
import { readGeneralSettings, type GeneralSettings } from "./general-settings.ts";
import type { Settings } from "./parse-settings.ts";
import { describeProblems } from "./problems.ts";
import { splitSections, type SectionOptions } from "./sections.ts";
import { expandVariables } from "./variables.ts";

/** The configuration of one source, checked. */
export interface Configuration<Config = unknown> extends Omit<GeneralSettings, "pipeline"> {
  readonly config: Config;
  /** The name of the pipeline: by default, that of the source. */
  readonly pipeline: string;
  /** Where each setting comes from that the file does not have, by key. */
  readonly origins: ReadonlyMap<string, string>;
  /** The file, if there is one. */
  readonly file?: string;
  /** Values that must never be shown. */
  readonly secrets: readonly string[];
  /** Something about the file that its owner should change. */
  readonly warning?: string;
}

/** Settings of the command line, which override the file. */
export interface TypedSettings {
  readonly settings: Settings;
  /** How each was given, by key: `--project`. */
  readonly origins: ReadonlyMap<string, string>;
}

/** Where `readConfiguration` finds the settings of a source. */
export interface ConfigurationOptions<Config> extends SectionOptions {
  readonly source: Pick<Source<Config>, "name" | "config" | "normalize" | "savedSettings">;
  readonly env: Environment;
  readonly typed?: TypedSettings;
  /** The flag that sets a key, by key: to name it where the key is missing. */
  readonly flags?: Readonly<Record<string, string>>;
  /** What to do, for the message if there is no file and nothing is set. */
  readonly remedy?: string;
  /** Whether only the destination is looked at: what only the service needs may be missing. */
  readonly isOffline?: boolean;
  /**
   * The destination as it is given elsewhere, so that the file's is not looked at: by a flag, or by
   * a variable, which does not go before the destination that a pipeline has for itself.
   */
  readonly destination?: {
    readonly flag?: string | undefined;
    readonly variable?: string | undefined;
  };
}

const nothingTyped: TypedSettings = { settings: {}, origins: new Map() };

/**
 * Reads the JSON file, expands variables, fills absent keys from the environment and from what the
 * service's own client saved, and checks the result with the source's schema. The source's settings
 * are in a section of its name, or at the top level of the file.
 *
 * @throws ConfigError that names each problem by its origin: a file, variable, or command line
 */
export async function readConfiguration<Config>(
  options: ConfigurationOptions<Config>,
): Promise<Configuration<Config>> {
  const { source, env, typed = nothingTyped, path = defaultConfigPath } = options;
  const { isOffline = false } = options;
  const problems: string[] = [];
  const root = await readSettings(path);
  const split = splitSections(root ?? {}, options, problems);
  const { section, settings, general } = split;
  const given = givenDestination(options.destination, split);
  const context = { env, problems, folder: path === standardInput ? "." : dirname(path) };
  const fromFile = expandVariables(withoutReplaced(settings, source, typed), section, {
    ...context,
    isOffline,
  }) as Settings;
  const filled = fillSettings(source, { ...fromFile, ...typed.settings }, env);
  const isNeeded = options.path !== undefined || (!isOffline && isEmpty(filled.settings));
  if (root === undefined && isNeeded)
    throw new ConfigError(
      `${path}: no such file; ${options.remedy ?? "create it"}, or pass --config FILE`,
    );
  const { pipeline = source.name, ...otherSettings } = readGeneralSettings(
    given === undefined ? general : { ...general, destination: undefined },
    context,
  );
  const checked = (isOffline ? checkOffline : checkSettings)(source, filled.settings);
  const origins = new Map([...filled.origins, ...typed.origins]);
  if (given) origins.set("destination", given.origin);
  const messages = describeProblems(checked.problems, {
    ...{ section, origins, env, source, reported: problems, flags: options.flags ?? {} },
    ...(root ? { path } : {}),
  });
  if (messages.length > 0) throw new ConfigError(messages.join("\n"));
  const warning = await exposureOf(path, {
    settings: { ...general, ...settings },
    secretKeys: secretKeysOf(source),
  });
  return {
    config: checked.config as Config,
    pipeline,
    ...otherSettings,
    ...(given ? { destination: given.url } : {}),
    origins,
    ...(root ? { file: path } : {}),
    secrets: secretsOf(source, filled.settings),
    ...(warning === undefined ? {} : { warning }),
  };
}

function givenDestination(
  { flag, variable }: NonNullable<ConfigurationOptions<unknown>["destination"]> = {},
  { hasOwnDestination = false }: { readonly hasOwnDestination?: boolean },
): { readonly url: string; readonly origin: string } | undefined {
  if (flag !== undefined) return { url: flag, origin: "--destination" };
  if (variable === undefined || variable === "" || hasOwnDestination) return undefined;
  return { url: variable, origin: "RIVULET_DESTINATION" };
}

/** The file's settings without those that something typed stands in for. */
function withoutReplaced(
  settings: Settings,
  source: Pick<Source, "config">,
  { settings: typed }: TypedSettings,
): Settings {
  const fields = configFields(source);
  const isReplaced = (key: string): boolean =>
    key in typed ||
    Object.entries(fields).some(
      ([other, { unless }]) =>
        (unless === key && other in typed) ||
        (other === key && unless !== undefined && unless in typed),
    );
  return Object.fromEntries(Object.entries(settings).filter(([key]) => !isReplaced(key)));
}

function isEmpty(settings: Settings): boolean {
  return Object.keys(settings).length === 0;
}
