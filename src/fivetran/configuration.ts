import { configProperties } from "../connector/config-properties.ts";
import { tryParseJson } from "../core/config-field.ts";
import { ConfigError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Source } from "../core/source.ts";

/** A configuration as Fivetran sends it: every value is text, and what was left open may be an empty one. */
export type Configuration = Readonly<Record<string, string>>;

/** What a source is configured with. Throws a ConfigError that names all that is wrong. */
export function parseConfig(source: Source, configuration: Configuration): unknown {
  const { data, error } = source.config.safeParse(toSettings(source, configuration));
  if (!error) return data;
  const problems = error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new ConfigError(`configuration: ${problems.join("; ")}`);
}

/** Warns of keys that the source does not have: they do nothing. */
export function warnOfUnknownKeys(source: Source, configuration: Configuration, log: Log): void {
  const unknown = Object.keys(configuration).filter((key) => !(key in source.config.shape));
  if (unknown.length > 0)
    log.warning(`configuration: unknown keys, which do nothing: ${unknown.join(", ")}`);
}

/** The values that must never be shown. */
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
