import { access, constants, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { ConfigError, messageOf } from "../core/errors.ts";

/** Throws a ConfigError where the file could not be written: better before a sync than after it. */
export async function checkMetricsFile(file: string): Promise<void> {
  try {
    await access(dirname(file), constants.W_OK);
  } catch (cause) {
    throw new ConfigError(
      `--metrics-file ${file}: its folder is not there, or cannot be written to; make it, or name another`,
      { cause },
    );
  }
}

/** What an earlier sync wrote; nothing where there is no such file, or where it cannot be read. */
export async function readMetricsFile(file: string): Promise<string> {
  return await readFile(file, "utf8").catch(() => "");
}

/** Replaces the file as a whole, so that nobody reads half of it. */
export async function writeMetricsFile(file: string, text: string): Promise<void> {
  // The textfile collector reads what ends in .prom, and nothing else.
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, text);
    await rename(temporary, file);
  } catch (cause) {
    throw new ConfigError(`--metrics-file ${file}: cannot be written (${messageOf(cause)})`, {
      cause,
    });
  } finally {
    await rm(temporary, { force: true });
  }
}
