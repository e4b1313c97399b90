import type { z } from "zod";
import {
  defaultConfigPath,
  expandVariables,
  readSettings,
  type Environment,
  type Settings,
} from "./configuration-file.ts";
import { fieldMeta, type FieldMeta } from "../core/config-field.ts";
import { ConfigError } from "../core/errors.ts";
import { closestWord, suggestion } from "../core/suggestion.ts";
import type { Source } from "../core/source.ts";

/** What a configuration file says to one source. */
export interface Configuration<Config = unknown> {
  readonly config: Config;
  /** The destination's URL, where the file names one. */
  readonly destination?: string;
  /** The name of the pipeline: the source's, unless the file says otherwise. */
  readonly pipeline: string;
  /** Values that must never be shown. */
  readonly secrets: readonly string[];
}

export interface ConfigurationOptions<Config> {
  readonly source: Pick<Source<Config>, "name" | "config">;
  /** All sources, so that a section of another one is not an unknown key. */
  readonly sourceNames: readonly string[];
  readonly env: Environment;
  /** Settings that the command line gives; they win over the file. */
  readonly overrides?: Settings;
  /** The file; absent: `configuration.json`, or the environment alone where there is no such file. */
  readonly path?: string;
}

const generalKeys = ["destination", "pipeline"];

/**
 * Reads the JSON file, expands variables, fills absent keys from the environment, and checks the result with the
 * source's schema. The source's keys stand in a section of its name, or at the top level of the file.
 *
 * @throws ConfigError that names every problem by where its value came from: the file, a variable, or the command line
 */
export async function readConfiguration<Config>(
  options: ConfigurationOptions<Config>,
): Promise<Configuration<Config>> {
  const { source, env, overrides = {}, path = defaultConfigPath } = options;
  const problems: string[] = [];
  const root = await readSettings(path);
  const { at, settings, own } = splitSections(root ?? {}, options, problems);
  const given = { ...(expandVariables(settings, at, { env, problems }) as Settings) };
  const filled = { ...fillFromEnvironment(source, given, env), ...overrides };
  if (root === undefined && (options.path !== undefined || Object.keys(filled).length === 0)) {
    throw new ConfigError(
      `${path}: no such file; make one with the command init, or name another with --config`,
    );
  }
  const { destination, pipeline = source.name } = expandVariables(own, "", {
    env,
    problems,
  }) as Record<string, unknown>;
  for (const [key, value] of Object.entries({ destination, pipeline })) {
    if (value !== undefined && typeof value !== "string") problems.push(`${key}: expected text`);
  }
  const checked = checkSettings(source, filled);
  const elsewhere: string[] = [];
  for (const problem of checked.problems) {
    const [key = ""] = problem.path;
    const variable = key in given ? undefined : variableOf(source, key, env);
    if (key in overrides) elsewhere.push(`--${formatProblem(problem)}`);
    else if (variable !== undefined) elsewhere.push(`${variable}: ${problem.message}`);
    // Of a value that could not be filled in, the schema would say that it is missing.
    else if (
      !problems.some((known) => known.startsWith(formatProblem({ ...problem, message: "" }, at)))
    )
      problems.push(formatProblem(problem, at));
  }
  if (problems.length > 0) elsewhere.push(formatProblems(path, problems));
  if (elsewhere.length > 0) throw new ConfigError(elsewhere.join("\n"));
  return {
    config: checked.config as Config,
    pipeline: String(pipeline),
    ...(typeof destination === "string" ? { destination } : {}),
    secrets: secretsOf(source, filled),
  };
}

/** Divides the file into the source's settings (and where they stand) and our own. */
function splitSections(
  root: Settings,
  { source, sourceNames, path = defaultConfigPath }: ConfigurationOptions<unknown>,
  problems: string[],
): { readonly at: string; readonly settings: Settings; readonly own: Settings } {
  const own = Object.fromEntries(Object.entries(root).filter(([key]) => generalKeys.includes(key)));
  const known = [...new Set([...generalKeys, ...sourceNames, source.name])];
  const others = Object.entries(root).filter(([key]) => !known.includes(key));
  if (hasTopLevelSettings(source, root))
    return { at: "", settings: Object.fromEntries(others), own };
  const unknown = others.filter((entry) => !isSectionOfAnotherConnector(entry, known));
  problems.push(...unknown.map(([key]) => formatProblem(unknownKeyProblem([], key, known))));
  const section = root[source.name] ?? {};
  if (typeof section !== "object" || Array.isArray(section))
    throw new ConfigError(`${path}: ${source.name}: expected an object`);
  return { at: source.name, settings: section as Settings, own };
}

/** Whether this is the section of a connector from outside, which only its own commands know. */
function isSectionOfAnotherConnector(
  [key, value]: [string, unknown],
  known: readonly string[],
): boolean {
  return typeof value === "object" && value !== null && closestWord(key, known) === undefined;
}

/** Whether a file holds the source's settings at its top level, and not in a section. */
export function hasTopLevelSettings(
  source: Pick<Source, "name" | "config">,
  root: Settings,
): boolean {
  return !(source.name in root) && Object.keys(root).some((key) => key in source.config.shape);
}

/** A file with other settings for the source, in the form that the file has; a setting that is undefined is taken out. */
export function mergeSettings(
  source: Pick<Source, "name" | "config">,
  root: Settings,
  settings: Settings,
): Settings {
  if (hasTopLevelSettings(source, root)) return { ...root, ...settings };
  return {
    ...root,
    [source.name]: { ...(root[source.name] as Settings | undefined), ...settings },
  };
}

/** Settings, and from the environment what they leave open. */
export function fillFromEnvironment(
  source: Pick<Source, "config">,
  given: Settings,
  env: Environment,
): Settings {
  const found = Object.keys(configFields(source)).flatMap((key) => {
    const name = given[key] === undefined ? variableOf(source, key, env) : undefined;
    return name === undefined ? [] : [[key, env[name]]];
  });
  return { ...given, ...(Object.fromEntries(found) as Settings) };
}

/** The first variable of those that stand in for a key that is set. */
function variableOf(
  source: Pick<Source, "config">,
  key: string,
  env: Environment,
): string | undefined {
  return configFields(source)[key]?.env?.find((name) => (env[name] ?? "") !== "");
}

/** What is wrong with a setting. */
export interface Problem {
  readonly path: readonly string[];
  readonly message: string;
}

/** Checks settings with the source's schema: what a source is configured with, or all that is wrong with it. */
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

/** `opik.page_size: expected a whole number`. */
export function formatProblem({ path, message }: Problem, at = ""): string {
  const place = [at, ...path].filter((part) => part !== "").join(".");
  return place === "" ? message : `${place}: ${message}`;
}

/** The values among these settings that must never be shown. */
export function secretsOf(source: Pick<Source, "config">, settings: Settings): string[] {
  const fields = configFields(source);
  return Object.entries(settings).flatMap(([key, value]) =>
    fields[key]?.secret === true && typeof value === "string" ? [value] : [],
  );
}

/** What is known of each key of a source's configuration. */
export function configFields(source: Pick<Source, "config">): Readonly<Record<string, FieldMeta>> {
  const shape: Readonly<Record<string, z.core.$ZodType>> = source.config.shape;
  const fields = Object.entries(shape).map(([key, field]) => [key, fieldMeta(field)] as const);
  return Object.fromEntries(fields.flatMap(([key, meta]) => (meta ? [[key, meta]] : [])));
}

function problemsOf(issue: z.core.$ZodIssue, source: Pick<Source, "config">): Problem[] {
  const path = issue.path.map(String);
  // What may be in a setting is for its own message to say.
  if (issue.code !== "unrecognized_keys" || path.length > 0)
    return [{ path, message: issue.message }];
  return issue.keys.map((key) => unknownKeyProblem(path, key, Object.keys(source.config.shape)));
}

function unknownKeyProblem(
  path: readonly string[],
  key: string,
  known: readonly string[],
): Problem {
  return { path: [...path, key], message: `unknown key; ${suggestion(key, known)}` };
}

function formatProblems(path: string, problems: readonly string[]): string {
  if (problems.length === 1) return `${path}: ${problems[0] ?? ""}`;
  return `${path}: ${problems.length} problems\n${problems.map((problem) => `  ${problem}`).join("\n")}`;
}
