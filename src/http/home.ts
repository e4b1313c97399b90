import { homedir } from "node:os";
import { join } from "node:path";
import type { Environment } from "../core/source.ts";

/** A path, with the home directory for a leading `~`. */
export function expandHome(path: string, env: Environment): string {
  if (!/^~(?=$|[/\\])/.test(path)) return path;
  return join(env["HOME"] || homedir(), path.slice(1));
}
