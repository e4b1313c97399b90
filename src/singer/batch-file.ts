import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";
import { createGunzip } from "node:zlib";
import { ConfigError, messageOf, SourceError } from "../core/errors.ts";
import { splitLines, type LineChunk } from "./lines.ts";
import type { BatchMessage } from "./message.ts";

/** A file of a BATCH message, line by line. Throws where it is not there, cannot be read or ends too soon. */
export async function* readBatchFile(
  file: string,
  { format, compression }: BatchMessage,
): AsyncGenerator<LineChunk, void> {
  if (format !== "jsonl")
    throw new ConfigError(
      `BATCH ${file}: the format "${format}" cannot be read; have the tap write jsonl`,
    );
  const isZipped = compression === "gzip" || (compression === undefined && file.endsWith(".gz"));
  if (!isZipped && compression !== undefined && compression !== "none")
    throw new ConfigError(
      `BATCH ${file}: the compression "${compression}" cannot be read; have the tap use gzip`,
    );
  const content = new PassThrough({ highWaterMark: 2 ** 18 });
  const source = createReadStream(toPath(file), { highWaterMark: 2 ** 18 });
  const copied = isZipped
    ? pipeline(source, createGunzip({ chunkSize: 2 ** 18 }), content)
    : pipeline(source, content);
  // What fails ends `content` with the same error.
  copied.catch(() => undefined);
  try {
    yield* splitLines(content as AsyncIterable<Buffer>, file);
  } catch (error) {
    throw error instanceof SourceError
      ? error
      : new SourceError(`BATCH ${file}: ${messageOf(error)}; run the tap again`, { cause: error });
  }
}

/** `file:///folder/name`, `file://name`, as some taps have it, or a path. */
function toPath(file: string): string {
  if (/^file:\/\/\/|^file:\/[^/]/.test(file)) return fileURLToPath(file);
  if (file.startsWith("file://")) return file.slice("file://".length);
  if (!/^[a-z][a-z0-9+.-]+:\/\//i.test(file)) return file;
  throw new ConfigError(`BATCH ${file}: only files of this machine can be read`);
}
