import { createReadStream } from "node:fs";
import { realpath } from "node:fs/promises";
import { isAbsolute, relative, sep } from "node:path";
import { PassThrough } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { createGunzip } from "node:zlib";
import { ConfigError, isOperational, messageOf, SourceError } from "../core/errors.ts";
import { type LineChunk, splitLines } from "./lines.ts";
import type { BatchMessage } from "./message.ts";

/** The encoding of a file, and the folder that it must be in. */
interface BatchFileOptions extends Pick<BatchMessage, "format" | "compression"> {
  readonly folder: string;
  /** Called if the file cannot be read to its end. */
  readonly onError: (error: Error) => void;
}

/** Reads a file of a BATCH message line by line, to its end or to the first error. */
export async function* readBatchFile(
  file: string,
  options: BatchFileOptions,
): AsyncGenerator<LineChunk, void> {
  try {
    yield* readLines(file, options);
  } catch (error) {
    if (!isOperational(error)) throw error;
    options.onError(error);
  }
}

/**
 * Reads a file line by line.
 *
 * @throws ConfigError if its format, compression or address is not supported, or if it is not in
 *   the folder
 * @throws SourceError if it is missing, unreadable or truncated
 */
async function* readLines(
  file: string,
  { format, compression, folder }: BatchFileOptions,
): AsyncGenerator<LineChunk, void> {
  if (format !== "jsonl")
    throw new ConfigError(
      `BATCH ${file}: unsupported format "${format}"; have the tap write jsonl`,
    );
  const isGzip = compression === "gzip" || (compression === undefined && file.endsWith(".gz"));
  if (!isGzip && compression !== undefined && compression !== "none")
    throw new ConfigError(
      `BATCH ${file}: unsupported compression "${compression}"; have the tap use gzip`,
    );
  const path = await realPath(file);
  await checkIsIn(folder, path, file);
  const content = new PassThrough({ highWaterMark: 2 ** 18 });
  const source = createReadStream(path, { highWaterMark: 2 ** 18 });
  const copying = isGzip
    ? pipeline(source, createGunzip({ chunkSize: 2 ** 18 }), content)
    : pipeline(source, content);
  // A failure also destroys `content` with the same error, which is where it is thrown.
  copying.catch(() => undefined);
  try {
    yield* splitLines(content as AsyncIterable<Buffer>, file);
  } catch (error) {
    throw error instanceof SourceError ? error : unreadable(file, error);
  }
}

async function realPath(file: string): Promise<string> {
  const path = toPath(file);
  try {
    return await realpath(path);
  } catch (error) {
    throw unreadable(file, error);
  }
}

function unreadable(file: string, cause: unknown): SourceError {
  return new SourceError(`BATCH ${file}: ${messageOf(cause)}; run the tap again`, { cause });
}

/** A tap must not make the target read, and store, whatever its user may. */
async function checkIsIn(folder: string, path: string, file: string): Promise<void> {
  const inside = relative(await realpath(folder), path);
  if (inside !== ".." && !inside.startsWith(`..${sep}`) && !isAbsolute(inside)) return;
  throw new ConfigError(
    `BATCH ${file}: not in ${folder}; have the tap write its files there, or name their folder with --batch-dir`,
  );
}

/** Accepts a path, `file:///folder/name`, and `file://name`, which some taps write. */
function toPath(file: string): string {
  if (/^file:(?:\/(?!\/)|\/\/\/|\/\/localhost\/)/i.test(file)) return urlToPath(file);
  if (/^file:\/\//i.test(file)) return file.slice("file://".length);
  if (!/^[a-z][a-z0-9+.-]+:\/\//i.test(file)) return file;
  throw new ConfigError(`BATCH ${file}: only local files are supported`);
}

function urlToPath(url: string): string {
  try {
    return fileURLToPath(url);
  } catch (cause) {
    throw new ConfigError(`BATCH ${url}: not the address of a file (${messageOf(cause)})`, {
      cause,
    });
  }
}
