import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseEnv } from "node:util";

/**
 * Sets the variables of `.env`, beside the configuration and in the working directory, that the
 * environment does not have.
 *
 * @returns The file of each variable that was set, by name.
 */
export function loadEnvironmentFiles(
  configuration: string,
  env: Record<string, string | undefined>,
): ReadonlyMap<string, string> {
  const origins = new Map<string, string>();
  const files = [join(dirname(configuration), ".env"), ".env"];
  for (const file of new Set(files.map((name) => resolve(name)))) {
    for (const [name, value] of Object.entries(readVariables(file))) {
      if (env[name] !== undefined) continue;
      env[name] = value;
      origins.set(name, file);
    }
  }
  return origins;
}

function readVariables(file: string): Readonly<Record<string, string | undefined>> {
  try {
    return parseEnv(readFileSync(file, "utf8"));
  } catch {
    // There is none, or it is not for us to read.
    return {};
  }
}
