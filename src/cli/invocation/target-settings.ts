import { dirname } from "node:path";
import { defaultConfigPath, readSettings } from "../../configuration/configuration-file.ts";
import {
  generalKeys,
  openingOf,
  readGeneralSettings,
} from "../../configuration/general-settings.ts";
import { loadEnvironmentFiles } from "../../configuration/environment-file.ts";
import { ConfigError } from "../../core/errors.ts";
import { suggestion } from "../../core/suggestion.ts";
import type { Flags } from "./flags.ts";
import { defaultDestination } from "./invocation.ts";

/** Where a program without a source writes to. */
export interface TargetSettings {
  readonly url: string;
  readonly pipeline: string;
  readonly statementMs?: number;
  readonly keepSyncs?: number;
}

/**
 * The destination and the pipeline from flags, environment and file. The pipeline of the default
 * file is ignored: it belongs to the file's source.
 */
export async function readTargetSettings(
  flags: Flags,
  sections: readonly string[],
): Promise<TargetSettings> {
  const { env } = process;
  const path = flags.config ?? defaultConfigPath;
  loadEnvironmentFiles(path, process.env);
  const root = await readSettings(path);
  if (!root && flags.config !== undefined)
    throw new ConfigError(
      `${path}: no such file; create one: {"destination": "sqlite:./warehouse.db"}`,
    );
  const problems: string[] = [];
  const general = readGeneralSettings(root ?? {}, { env, problems, folder: dirname(path) });
  const others = Object.keys(root ?? {}).filter((key) => !isGeneralKey(key));
  if (flags.config !== undefined) problems.push(...unknownKeys(others, sections));
  if (problems.length > 0) throw new ConfigError(`${path}: ${problems.join("; ")}`);
  const pipelineFromFile = flags.config === undefined ? undefined : general.pipeline;
  return {
    url:
      flags.destination ??
      (env["RIVULET_DESTINATION"] || general.destination) ??
      defaultDestination,
    pipeline: flags.pipeline ?? pipelineFromFile ?? "target",
    ...openingOf(general),
  };
}

function unknownKeys(keys: readonly string[], sections: readonly string[]): string[] {
  return keys
    .filter((key) => !sections.includes(key))
    .map((key) => `${key}: unknown key; ${suggestion(key, generalKeys)}`);
}

function isGeneralKey(key: string): boolean {
  return generalKeys.some((known) => known === key);
}
