import { dirname } from "node:path";
import { defaultConfigPath, readSettings } from "../../configuration/configuration-file.ts";
import { loadEnvironmentFiles } from "../../configuration/environment-file.ts";
import { openingOf, readGeneralSettings } from "../../configuration/general-settings.ts";
import { ConfigError } from "../../core/errors.ts";
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
 */
export async function locateDestination(flags: Flags): Promise<DestinationLocation> {
  const { env } = process;
  const path = flags.config ?? defaultConfigPath;
  loadEnvironmentFiles(path, env);
  const root = await readSettings(path);
  if (!root && flags.config !== undefined)
    throw new ConfigError(`${path}: no such file; name another, or pass --destination URL`);
  const given = flags.destination ?? (env["RIVULET_DESTINATION"] || undefined);
  const problems: string[] = [];
  const general = readGeneralSettings(
    { ...root, ...(given === undefined ? {} : { destination: given }) },
    {
      env,
      problems,
      folder: dirname(path),
    },
  );
  if (problems.length > 0) throw new ConfigError(`${path}: ${problems.join("; ")}`);
  const url = given ?? general.destination ?? defaultDestination;
  return { url, openOptions: openingOf(general) };
}
