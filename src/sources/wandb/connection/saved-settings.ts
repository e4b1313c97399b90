import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment, SavedSettings } from "../../../core/source.ts";
import { expandHome } from "../../../http/home.ts";

/** The keys that we share with the SDK. */
const sharedKeys: readonly string[] = ["base_url", "entity", "project"];

/**
 * What the SDK saved in its settings file: the server of `wandb login --host`, and the entity and
 * the project that somebody set there. Undefined if the file is missing or unreadable.
 *
 * @see https://docs.wandb.ai/models/track/environment-variables `WANDB_CONFIG_DIR`
 */
export function readSavedSettings(env: Environment): SavedSettings | undefined {
  const folder = env["WANDB_CONFIG_DIR"] || "~/.config/wandb";
  const file = join(expandHome(folder, env), "settings");
  try {
    const settings = parseDefaultSection(readFileSync(file, "utf8"));
    const shared = settings.filter(([key]) => sharedKeys.includes(key));
    return { file, settings: Object.fromEntries(shared) };
  } catch {
    return undefined;
  }
}

/** The settings in the section `default`, in the format of Python's `configparser`. */
function parseDefaultSection(text: string): (readonly [key: string, value: string])[] {
  let section: string | undefined;
  return text.split(/\r?\n/).flatMap((line) => {
    section = /^\uFEFF?\[([^\]]+)\]/.exec(line)?.[1] ?? section;
    const [, key = "", rest = ""] = /^([^=:#;[\s]+)\s*[=:](.*)$/.exec(line) ?? [];
    const value = rest.trim();
    if (section !== "default" || value === "") return [];
    return [[key.toLowerCase(), value.replaceAll("%%", "%")] as const];
  });
}
