import { readFileSync, statSync } from "node:fs";
import type { Parameters } from "./resolve-parameters.ts";
import type { Server } from "./servers.ts";
import { userFile } from "./user-file.ts";

/** Where libpq looks for a Unix socket, depending on how it was built; `localhost` in the file. */
const defaultSocketFolders = ["/tmp", "/var/run/postgresql", "/run/postgresql"];

/**
 * The password of a login from the password file: the one of the first line that fits. A file that
 * others may read is ignored, as libpq does.
 *
 * @see https://www.postgresql.org/docs/current/libpq-pgpass.html
 */
export function passwordFromFile(parameters: Parameters, server: Server): string | undefined {
  const path = parameters.get("passfile") ?? userFile(".pgpass", "pgpass.conf");
  const login = [
    defaultSocketFolders.includes(server.host) ? "localhost" : server.host,
    String(server.port),
    parameters.get("dbname") ?? "",
    parameters.get("user") ?? "",
  ];
  for (const line of readPrivate(path).split(/\r?\n/)) {
    if (line.startsWith("#")) continue;
    const fields = splitFields(line);
    const password = fields[login.length];
    const fits = login.every((value, index) => ["*", value].includes(fields[index] ?? ""));
    if (fits && password !== undefined) return password;
  }
  return undefined;
}

function readPrivate(path: string): string {
  try {
    const stat = statSync(path);
    const isPrivate = process.platform === "win32" || (stat.mode & 0o077) === 0;
    return stat.isFile() && isPrivate ? readFileSync(path, "utf8") : "";
  } catch {
    // Without one, the server says that it wants a password.
    return "";
  }
}

/** Splits at each `:` that has no backslash before it. What follows a backslash is itself. */
function splitFields(line: string): string[] {
  const fields = line.matchAll(/(?:^|:)((?:\\.|[^\\:])*)/g);
  return Array.from(fields, ([, field = ""]) => field.replace(/\\(.)/g, "$1"));
}
