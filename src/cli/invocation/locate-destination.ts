import { dirname } from "node:path";
import { defaultConfigPath, readSettings } from "../../configuration/configuration-file.ts";
import { loadEnvironmentFiles } from "../../configuration/environment-file.ts";
import { openingOf, readGeneralSettings } from "../../configuration/general-settings.ts";
import { ConfigError } from "../../core/errors.ts";
import { suggestion } from "../../core/suggestion.ts";
import { blocksOf } from "../../configuration/blocks.ts";
import type { Settings } from "../../configuration/parse-settings.ts";
import { sourceNames } from "../../sources/registry.ts";
import type { Flags } from "./flags.ts";
import { defaultDestination } from "./invocation.ts";

/** Where the destination is, and how to open it. */
export interface DestinationLocation {
  readonly url: string;
  readonly openOptions: { readonly statementMs?: number; readonly keepSyncs?: number };
}

/**
 * The destination from flags, environment and file, for commands that ask no service: they need
 * neither its key nor any other of its settings.
 *
 * @param sources - Those whose pipelines are meant, if they have destinations of their own.
 */
export async function locateDestination(
  flags: Flags,
  sources: readonly string[] = sourceNames,
): Promise<DestinationLocation> {
  const { env } = process;
  const path = flags.config ?? defaultConfigPath;
  loadEnvironmentFiles(path, env);
  const root = await readSettings(path);
  if (!root && flags.config !== undefined)
    throw new ConfigError(`${path}: no such file; name another, or pass --destination URL`);
  const problems: string[] = [];
  const context = { env, problems, folder: dirname(path) };
  const own =
    flags.destination === undefined
      ? destinationOf(root ?? {}, sources, flags.pipeline)
      : undefined;
  // A variable does not go before the destination that a pipeline has for itself.
  const isOwn = own !== undefined && own !== root?.["destination"];
  const given = flags.destination ?? (isOwn ? undefined : env["RIVULET_DESTINATION"] || undefined);
  const destination = given === undefined ? own : undefined;
  const general = readGeneralSettings({ ...root, destination }, context);
  if (problems.length > 0) throw new ConfigError(`${path}: ${problems.join("; ")}`);
  const url = given ?? general.destination ?? defaultDestination;
  return { url, openOptions: openingOf(general) };
}

/** The destination of the pipeline that was named, or the one that all have in common. */
function destinationOf(
  root: Settings,
  sources: readonly string[],
  pipeline: string | undefined,
): unknown {
  const { destination: common, pipeline: fallback } = root;
  const pipelines = sources.flatMap((source) =>
    blocksOf(root, source).map(
      ({ name = typeof fallback === "string" ? fallback : source, destination = common }) => ({
        name,
        destination,
      }),
    ),
  );
  const named = pipelines.filter(({ name }) => pipeline === undefined || name === pipeline);
  const names = pipelines.map(({ name }) => name);
  if (pipeline !== undefined && named.length === 0 && names.length > 0)
    throw new ConfigError(`--pipeline: no pipeline "${pipeline}"; ${suggestion(pipeline, names)}`);
  const different = new Set(named.map(({ destination }) => destination));
  if (different.size <= 1) return [...different][0] ?? common;
  throw new ConfigError(
    `the pipelines have destinations of their own (${names.join(", ")}); name one: --pipeline ${names[0] ?? ""}`,
  );
}
