import { configProperties } from "../connector/config-properties.ts";
import { withCallerMessage } from "../core/caller-message.ts";
import { tryParseJson } from "../core/config-field.ts";
import { ConfigError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Source } from "../core/source.ts";

/** A configuration as Fivetran sends it: all values are text; unset fields may be empty. */
export type Configuration = Readonly<Record<string, string>>;

/**
 * Parses and validates a source's configuration.
 *
 * @throws ConfigError that lists all problems
 */
export function parseConfig(source: Source, configuration: Configuration): unknown {
  const settings = toSettings(source, configuration);
  const { data, error } = source.config.safeParse(source.normalize?.(settings) ?? settings);
  if (!error) return data;
  const problems = error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw withCallerMessage(new ConfigError(`configuration: ${problems.join("; ")}`));
}

/** Logs keys that the source does not have. */
export function warnOfUnknownKeys(source: Source, configuration: Configuration, log: Log): void {
  const unknown = Object.keys(configuration).filter((key) => !(key in source.config.shape));
  if (unknown.length > 0)
    log.warning(`configuration: ignoring unknown keys: ${unknown.join(", ")}`);
}

/** The secret values in a configuration. */
export function secretsIn(source: Source, configuration: Configuration): readonly string[] {
  return configProperties(source)
    .filter(({ type }) => type === "password")
    .map(({ name }) => configuration[name] ?? "")
    .filter((value) => value !== "");
}

function toSettings(source: Source, configuration: Configuration): Record<string, unknown> {
  const lists = configProperties(source).filter(({ type }) => type === "array");
  const isList = new Set(lists.map(({ name }) => name));
  return Object.fromEntries(
    Object.entries(configuration)
      .filter(([, value]) => value.trim() !== "")
      .map(([key, value]) => [
        key,
        isList.has(key) && value.trim().startsWith("[") ? tryParseJson(value) : value,
      ]),
  );
}
