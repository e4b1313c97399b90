import type { z } from "zod";
import { fieldMeta, type FieldMeta } from "../core/config-field.ts";
import { ConfigError } from "../core/errors.ts";
import type { Environment, Source } from "../core/source.ts";
import { suggestion } from "../core/suggestion.ts";
import {
  defaultConfigPath,
  expandVariables,
  readSettings,
  type Settings,
} from "./configuration-file.ts";
import { exposureOf } from "./exposure.ts";
import { readGeneralSettings, type GeneralSettings } from "./general-settings.ts";
import { splitSections, type SectionOptions } from "./sections.ts";

/** The configuration of one source, checked. */
export interface Configuration<Config = unknown> extends Omit<GeneralSettings, "pipeline"> {
  readonly config: Config;
  /** The name of the pipeline: by default, that of the source. */
  readonly pipeline: string;
  /** Values that must never be shown. */
  readonly secrets: readonly string[];
  /** Something about the file that its owner should change. */
  readonly warning?: string;
}

/** Where `readConfiguration` finds the settings of a source. */
export interface ConfigurationOptions<Config> extends SectionOptions {
  readonly source: Pick<Source<Config>, "name" | "config" | "savedSettings">;
  readonly env: Environment;
  /** Settings of the command line, which override the file. */
  readonly overrides?: Settings;
  /** The command that creates the file, for the error message if it is missing. */
  readonly initCommand?: string;
}

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
  const { source, env, overrides = {}, path = defaultConfigPath, initCommand } = options;
  const problems: string[] = [];
  const root = await readSettings(path);
  const { section, settings, general } = splitSections(root ?? {}, options, problems);
  const fromFile = { ...(expandVariables(settings, section, { env, problems }) as Settings) };
  const filled = { ...fillFromEnvironment(source, fromFile, env), ...overrides };
  if (root === undefined && (options.path !== undefined || Object.keys(filled).length === 0)) {
    const remedy = initCommand === undefined ? "create it" : `run ${initCommand} to create it`;
    throw new ConfigError(`${path}: no such file; ${remedy}, or pass --config FILE`);
  }
  const { pipeline = source.name, ...otherSettings } = readGeneralSettings(general, {
    env,
    problems,
  });
  const checked = checkSettings(source, filled);
  const messages: string[] = [];
  for (const problem of checked.problems) {
    const [key = ""] = problem.path;
    const variable = key in fromFile ? undefined : variableOf(source, key, env);
    const saved = key in fromFile ? undefined : source.savedSettings?.(env);
    const prefix = formatProblem({ ...problem, message: "" }, section);
    if (key in overrides) messages.push(`--${formatProblem(problem)}`);
    else if (variable !== undefined) messages.push(`${variable}: ${problem.message}`);
    else if (saved && key in saved.settings)
      messages.push(`${saved.file}: ${formatProblem(problem)}`);
    // If its variable is not set, the schema would report the value as missing, too.
    else if (!problems.some((reported) => reported.startsWith(prefix)))
      problems.push(formatProblem(problem, section));
  }
  if (problems.length > 0) messages.push(formatProblems(path, problems));
  if (messages.length > 0) throw new ConfigError(messages.join("\n"));
  const secretKeys = Object.entries(configFields(source)).flatMap(([key, { secret }]) =>
    secret === true ? [key] : [],
  );
  const warning = await exposureOf(path, { settings: { ...general, ...settings }, secretKeys });
  return {
    config: checked.config as Config,
    pipeline,
    ...otherSettings,
    secrets: secretsOf(source, filled),
    ...(warning === undefined ? {} : { warning }),
  };
}

/**
 * The settings, with absent ones taken from the environment, or else from what the service's own
 * client saved there.
 */
export function fillFromEnvironment(
  source: Pick<Source, "config" | "savedSettings">,
  settings: Settings,
  env: Environment,
): Settings {
  const fromEnvironment = Object.keys(configFields(source)).flatMap((key) => {
    const name = settings[key] === undefined ? variableOf(source, key, env) : undefined;
    return name === undefined ? [] : [[key, env[name]] as const];
  });
  const saved = Object.entries(source.savedSettings?.(env)?.settings ?? {});
  const absent = saved.filter(([key]) => settings[key] === undefined);
  return { ...settings, ...Object.fromEntries([...absent, ...fromEnvironment]) };
}

/** The first of the key's variables that is set and not empty. */
function variableOf(
  source: Pick<Source, "config">,
  key: string,
  env: Environment,
): string | undefined {
  return configFields(source)[key]?.env?.find((name) => (env[name] ?? "") !== "");
}

/** A setting that is missing or invalid. */
interface Problem {
  /** The keys that lead to it within the source's settings. */
  readonly path: readonly string[];
  readonly message: string;
}

/** Checks settings with the source's schema: returns the parsed configuration, or all problems. */
export function checkSettings(
  source: Pick<Source, "config">,
  settings: Settings,
): { readonly config?: unknown; readonly problems: readonly Problem[] } {
  const { data, error } = source.config.strict().safeParse(settings);
  return {
    config: data,
    problems: error?.issues.flatMap((issue) => problemsOf(issue, source)) ?? [],
  };
}

/** Formats a problem: `opik.page_size: expected a whole number`. */
export function formatProblem({ path, message }: Problem, section = ""): string {
  const where = [section, ...path].filter((key) => key !== "").join(".");
  return where === "" ? message : `${where}: ${message}`;
}

/** The values among these settings that must never be shown. */
export function secretsOf(source: Pick<Source, "config">, settings: Settings): string[] {
  const fields = configFields(source);
  return Object.entries(settings).flatMap(([key, value]) =>
    fields[key]?.secret === true && typeof value === "string" ? [value] : [],
  );
}

/** The description and other metadata of each key of a source's configuration. */
export function configFields(source: Pick<Source, "config">): Readonly<Record<string, FieldMeta>> {
  const shape: Readonly<Record<string, z.core.$ZodType>> = source.config.shape;
  const fields = Object.entries(shape).map(([key, field]) => [key, fieldMeta(field)] as const);
  return Object.fromEntries(fields.flatMap(([key, meta]) => (meta ? [[key, meta]] : [])));
}

function problemsOf(issue: z.core.$ZodIssue, source: Pick<Source, "config">): Problem[] {
  const path = issue.path.map(String);
  // Unknown keys inside of a setting are described by the setting's own message.
  if (issue.code !== "unrecognized_keys" || path.length > 0)
    return [{ path, message: issue.message }];
  return issue.keys.map((key) => unknownKeyProblem(path, key, Object.keys(source.config.shape)));
}

function unknownKeyProblem(path: readonly string[], key: string, keys: readonly string[]): Problem {
  return { path: [...path, key], message: `unknown key; ${suggestion(key, keys)}` };
}

function formatProblems(path: string, problems: readonly string[]): string {
  if (problems.length === 1) return `${path}: ${problems[0] ?? ""}`;
  return `${path}: ${problems.length} problems\n${problems.map((problem) => `  ${problem}`).join("\n")}`;
}
