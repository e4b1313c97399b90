import { homedir } from "node:os";
import { join } from "node:path";

/** The path of a file that libpq looks for in the home directory if no parameter names one. */
export function userFile(unixName: string, windowsName: string): string {
  return process.platform === "win32"
    ? join(process.env["APPDATA"] ?? homedir(), "postgresql", windowsName)
    : join(homedir(), unixName);
}
