import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseEnv } from "node:util";
import { ConfigError } from "../core/errors.ts";

/** The file of each variable that was set, by name. */
const files = new Map<string, string>();

/** The `.env` file that has set a variable; undefined if the environment had it. */
export function environmentFileOf(variable: string): string | undefined {
  return files.get(variable);
}

/**
 * Sets the variables of `.env`, beside the configuration and in the working directory, that the
 * environment does not have.
 *
 * @throws ConfigError if a file cannot be read
 */
export function loadEnvironmentFiles(
  configuration: string,
  env: Record<string, string | undefined>,
): void {
  const candidates = [join(dirname(configuration), ".env"), ".env"];
  for (const file of new Set(candidates.map((name) => resolve(name)))) {
    for (const [name, value] of Object.entries(readVariables(file))) {
      if (env[name] !== undefined) continue;
      env[name] = value;
      files.set(name, file);
    }
  }
}

function readVariables(file: string): Readonly<Record<string, string | undefined>> {
  try {
    return parseEnv(readFileSync(file, "utf8"));
  } catch (cause) {
    const { code = "unknown" } = cause as NodeJS.ErrnoException;
    // A folder of this name is somebody's virtual environment.
    if (code === "ENOENT" || code === "EISDIR" || code === "ENOTDIR") return {};
    throw new ConfigError(`${file}: cannot be read (${code}); change its owner or mode`, { cause });
  }
}
