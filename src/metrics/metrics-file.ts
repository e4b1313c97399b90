import { access, constants, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { ConfigError, messageOf } from "../core/errors.ts";
import { replaceFile } from "../core/replace-file.ts";

/** Throws a ConfigError if the file cannot be written, to find out before a sync, not after it. */
export async function checkMetricsFile(file: string): Promise<void> {
  try {
    await access(dirname(file), constants.W_OK);
  } catch (cause) {
    throw new ConfigError(
      `--metrics-file ${file}: its folder does not exist or is not writable; create it, or choose another`,
      { cause },
    );
  }
}

/** What an earlier sync wrote; empty if the file does not exist or cannot be read. */
export async function readMetricsFile(file: string): Promise<string> {
  return await readFile(file, "utf8").catch(() => "");
}

/**
 * Replaces the file atomically, so that no reader sees half of it. Everyone may read it, because
 * the collector runs as another user; there are no secrets in it.
 */
export async function writeMetricsFile(file: string, text: string): Promise<void> {
  try {
    // The textfile collector ignores the temporary file: it reads only those that end in .prom.
    await replaceFile(file, text, { mode: 0o644 });
  } catch (cause) {
    throw new ConfigError(
      `--metrics-file ${file}: cannot be written (${messageOf(cause)}); choose another`,
      { cause },
    );
  }
}
