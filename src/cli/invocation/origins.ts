import type { Configuration } from "../../configuration/configuration.ts";
import { environmentFileOf } from "../../configuration/environment-file.ts";

/**
 * Where the settings come from, such as `entity, project: ENTITY/PROJECT; the rest:
 * configuration.json`. Undefined if all are in the file.
 */
export function describeOrigins({
  origins,
  file,
}: Pick<Configuration, "origins" | "file">): string | undefined {
  if (origins.size === 0) return undefined;
  const keysByOrigin = new Map<string, string[]>();
  for (const [key, origin] of origins)
    keysByOrigin.set(origin, [...(keysByOrigin.get(origin) ?? []), key]);
  const parts = [...keysByOrigin].map(([origin, keys]) => {
    const from = environmentFileOf(origin) === undefined ? origin : `${origin} in .env`;
    return `${keys.join(", ")}: ${from}`;
  });
  return [...parts, ...(file === undefined ? [] : [`the rest: ${file}`])].join("; ");
}
