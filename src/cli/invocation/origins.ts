import type { Configuration } from "../../configuration/configuration.ts";
import type { Flags } from "./flags.ts";

/**
 * Where the settings come from, such as `entity, project: ENTITY/PROJECT; the rest:
 * configuration.json`. Undefined if all are in the file.
 */
export function describeOrigins(
  { origins, file }: Pick<Configuration, "origins" | "file">,
  { destination }: Flags,
): string | undefined {
  const all = new Map(origins);
  if (destination !== undefined) all.set("destination", "--destination");
  else if ((process.env["RIVULET_DESTINATION"] ?? "") !== "")
    all.set("destination", "RIVULET_DESTINATION");
  if (all.size === 0) return undefined;
  const keysByOrigin = new Map<string, string[]>();
  for (const [key, origin] of all)
    keysByOrigin.set(origin, [...(keysByOrigin.get(origin) ?? []), key]);
  const parts = [...keysByOrigin].map(([origin, keys]) => `${keys.join(", ")}: ${origin}`);
  return [...parts, ...(file === undefined ? [] : [`the rest: ${file}`])].join("; ");
}
