import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, messageOf } from "../../../core/errors.ts";
import { userFile } from "./user-file.ts";

/** Where Debian and Ubuntu have it; libpq's own place depends on how it was built. */
const systemFolder = "/etc/postgresql-common";

interface Service {
  /** The file that defines it. */
  readonly path: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/**
 * Reads the parameters of a service from `file`, by default `~/.pg_service.conf`, or else from the
 * system's `pg_service.conf`. Throws a ConfigError.
 *
 * @see https://www.postgresql.org/docs/current/libpq-pgservice.html
 */
export function readService(service: string, file: string | undefined): Service {
  const system = join(process.env["PGSYSCONFDIR"] ?? systemFolder, "pg_service.conf");
  const paths = [file ?? userFile(".pg_service.conf", ".pg_service.conf"), system];
  for (const path of paths) {
    const text = readIfThere(path);
    const parameters = text === undefined ? undefined : findService(text, service, path);
    if (parameters) return { path, parameters };
  }
  throw new ConfigError(
    `destination: there is no service "${service}"; define it in ${paths.join(" or ")}`,
  );
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new ConfigError(`destination: the service file cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** The parameters of the first section with this name. Nothing is quoted in these files. */
function findService(
  text: string,
  service: string,
  path: string,
): ReadonlyMap<string, string> | undefined {
  let found: Map<string, string> | undefined;
  for (const [index, each] of text.split("\n").entries()) {
    const line = each.trim();
    if (line === "" || line.startsWith("#")) continue;
    if (line.startsWith("[")) {
      if (found) return found;
      if (line.startsWith(`[${service}]`)) found = new Map();
      continue;
    }
    if (!found) continue;
    const where = `destination: ${path}: line ${index + 1}`;
    const at = line.indexOf("=");
    if (at < 0 || /^ldaps?:/i.test(line))
      throw new ConfigError(`${where}: expected parameter=value`);
    const name = line.slice(0, at);
    if (name === "service" || name === "servicefile")
      throw new ConfigError(`${where}: a service cannot name another; leave "${name}" out`);
    if (!found.has(name)) found.set(name, line.slice(at + 1));
  }
  return found;
}
