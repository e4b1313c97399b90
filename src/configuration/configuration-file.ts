import { access, constants, readFile, realpath } from "node:fs/promises";
import { dirname } from "node:path";
import { text } from "node:stream/consumers";
import { ConfigError } from "../core/errors.ts";
import { replaceFile } from "../core/replace-file.ts";
import { parseSettings, type Settings } from "./parse-settings.ts";

/** The file that is read if none is named. */
export const defaultConfigPath = "configuration.json";

/** In place of a file: standard input. */
export const standardInput = "-";

/**
 * Reads the settings of a JSON file, or of standard input; undefined if the file does not exist.
 * Throws a ConfigError that never quotes it.
 */
export async function readSettings(file: string): Promise<Settings | undefined> {
  try {
    const content = await (file === standardInput ? text(process.stdin) : readFile(file, "utf8"));
    const name = file === standardInput ? "standard input" : file;
    return parseSettings(content.replace(/^\uFEFF/, ""), name);
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    throw new ConfigError(
      `${file}: ${readErrors[code ?? ""] ?? `cannot be read (${code ?? "unknown"})`}`,
      { cause },
    );
  }
}

const readErrors: Readonly<Record<string, string>> = {
  EACCES: "no permission to read it; change its owner or mode",
  EISDIR: "is a directory; name a file",
};

/** Throws a ConfigError if the file could not be written. */
export async function checkWritable(file: string): Promise<void> {
  try {
    await access(`${dirname(file)}/.`, constants.W_OK);
  } catch (cause) {
    throw new ConfigError(
      `${file}: its directory does not exist or is not writable; create it, or pass --config FILE`,
      { cause },
    );
  }
}

/** Replaces a JSON file atomically, whatever its mode was, by one that only its owner can read. */
export async function writeSettings(file: string, settings: Settings): Promise<void> {
  const target = await realpath(file).catch(() => file);
  await replaceFile(target, `${JSON.stringify(settings, null, 2)}\n`, { mode: 0o600 });
}
