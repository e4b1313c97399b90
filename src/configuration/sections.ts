import { ConfigError } from "../core/errors.ts";
import type { Source } from "../core/source.ts";
import { closestWord, suggestion } from "../core/suggestion.ts";
import { blocksOf, chooseBlock } from "./blocks.ts";
import { defaultConfigPath } from "./configuration-file.ts";
import { generalKeys } from "./general-settings.ts";
import type { Settings } from "./parse-settings.ts";

/** Which sections a file may have. */
export interface SectionOptions {
  readonly source: Pick<Source, "name" | "config">;
  /** Names of all sources, whose sections are not unknown keys. */
  readonly sourceNames: readonly string[];
  /** Whether an external connector of this name can be loaded, so that it may have a section. */
  readonly isConnector?: (name: string) => boolean;
  /**
   * The file. By default `configuration.json`, which need not exist if the environment is enough.
   */
  readonly path?: string;
  /** The name of the pipeline, where the source has several. */
  readonly pipeline?: string | undefined;
}

interface Split {
  /** Where the settings stand in the file. */
  readonly section: string;
  readonly settings: Settings;
  readonly general: Settings;
  /** Whether the destination is that of the pipeline alone. */
  readonly hasOwnDestination?: boolean;
}

/** Splits the file into the source's settings, with the name of their section, and general ones. */
export function splitSections(
  root: Settings,
  { source, sourceNames, isConnector, path = defaultConfigPath, pipeline }: SectionOptions,
  problems: string[],
): Split {
  const general = Object.fromEntries(
    generalKeys.flatMap((key) => (key in root ? [[key, root[key]]] : [])),
  );
  const { connectors = [] } = root;
  const named = isNameList(connectors) ? connectors : [];
  if (!isNameList(connectors))
    problems.push('connectors: expected a list of names, such as ["crm"]');
  const keys = [...new Set<string>([...generalKeys, ...sourceNames, source.name, ...named])];
  const others = Object.entries(root).filter(([key]) => !keys.includes(key));
  if (hasTopLevelSettings(source, root)) {
    chooseBlock([], pipeline, nameOf(general, source));
    return { section: "", settings: Object.fromEntries(others), general };
  }
  const unknown = others.filter(([key, value]) => !isObject(value) || isConnector?.(key) !== true);
  problems.push(...unknown.map(([key, value]) => topLevelProblem(key, value, { source, keys })));
  return blockOf(root, { source, path, pipeline }, general);
}

/** The name of a pipeline whose block has none. */
function nameOf({ pipeline }: Settings, source: Pick<Source, "name">): string {
  return typeof pipeline === "string" ? pipeline : source.name;
}

/** The settings of a pipeline; its name and destination go before those of the file. */
function blockOf(
  root: Settings,
  { source, path = defaultConfigPath, pipeline }: Omit<SectionOptions, "sourceNames">,
  general: Settings,
): Split {
  const fallback = nameOf(general, source);
  try {
    const blocks = blocksOf(root, source.name, Object.keys(source.config.shape));
    const block = chooseBlock(blocks, pipeline, fallback);
    if (!block) return { section: source.name, settings: {}, general };
    const { name, destination, settings } = block;
    const own = {
      ...(name === undefined ? {} : { pipeline: name }),
      ...(destination === undefined ? {} : { destination }),
    };
    const hasOwnDestination = destination !== undefined;
    return { section: block.path, settings, general: { ...general, ...own }, hasOwnDestination };
  } catch (error) {
    if (!(error instanceof ConfigError) || error.message.startsWith("--")) throw error;
    throw new ConfigError(`${path}: ${error.message}`, { cause: error });
  }
}

/** Keys that other tools have at the top level of a configuration. */
const foreignKeys = [
  ...["sourceType", "connectionConfiguration", "sourceDefinitionId"],
  ...["plugins", "extractors", "loaders", "source", "target", "streams"],
] as const satisfies readonly string[];

/** What is wrong with a key beside the source's section. */
function topLevelProblem(
  key: string,
  value: unknown,
  { source, keys }: { readonly source: Pick<Source, "name" | "config">; readonly keys: string[] },
): string {
  if (key in source.config.shape) return `${key}: belongs into "${source.name}"; move it there`;
  const inner = isObject(value)
    ? Object.keys(value).find((name) => keys.includes(name))
    : undefined;
  if (inner !== undefined)
    return `${key}: unknown key; move "${inner}" out of it, to the top level of the file`;
  if (foreignKeys.some((known) => known === key))
    return `${key}: unknown key; this looks like the configuration of another tool: the settings of a source stand in a block of its name, "${source.name}"`;
  const offered = keys.filter((name) => name !== "$schema");
  const problem = `${key}: unknown key; ${suggestion(key, offered)}`;
  const isSection = isObject(value) && closestWord(key, keys) === undefined;
  return isSection
    ? `${problem}; if it is for an external connector: "connectors": ["${key}"]`
    : problem;
}

function isObject(value: unknown): value is Settings {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNameList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((name) => typeof name === "string");
}

/** Whether a file has the source's settings at its top level instead of in a section. */
export function hasTopLevelSettings(
  source: Pick<Source, "name" | "config">,
  root: Settings,
): boolean {
  return !(source.name in root) && Object.keys(root).some((key) => key in source.config.shape);
}

/**
 * A file's settings with those of one source replaced, at its top level or in a section, as before.
 */
export function mergeSettings(
  source: Pick<Source, "name" | "config">,
  root: Settings,
  settings: Settings,
): Settings {
  if (hasTopLevelSettings(source, root)) return { ...root, ...settings };
  if (Array.isArray(root[source.name]))
    throw new ConfigError(
      `${source.name} has a list of pipelines; add another one to it by hand, with a name`,
    );
  return {
    ...root,
    [source.name]: { ...(root[source.name] as Settings | undefined), ...settings },
  };
}
