import { blocksOf } from "../../configuration/blocks.ts";
import { secretsOf } from "../../configuration/check-settings.ts";
import { defaultConfigPath, readSettings } from "../../configuration/configuration-file.ts";
import { fillSettings } from "../../configuration/fill-settings.ts";
import type { Settings } from "../../configuration/parse-settings.ts";
import { expandVariables } from "../../configuration/variables.ts";
import { loadSource, serviceNames } from "../../sources/registry.ts";
import { dirname } from "node:path";

/** The secrets of all sources, in the file and in the environment, for a command of none. */
export async function secretsOfFile(path = defaultConfigPath): Promise<readonly string[]> {
  const { env } = process;
  const root = (await readSettings(path)) ?? {};
  const context = { env, problems: [], folder: dirname(path), isOffline: true };
  const sources = await Promise.all(serviceNames.map(loadSource));
  return sources.flatMap((source) => {
    const blocks = blocksOf(root, source.name).map(({ settings }) => settings);
    return [...blocks, root].flatMap((settings) => {
      const expanded = expandVariables(settings, source.name, context) as Settings;
      return secretsOf(source, fillSettings(source, expanded, env).settings);
    });
  });
}
