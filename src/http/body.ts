import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import type { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress, createUnzip } from "node:zlib";
import { messageOf } from "../core/errors.ts";
import { HttpError } from "./http-error.ts";

/** What `decoderOf` understands; axios' own decompression takes the end of the connection for the end of the body. */
export const acceptedEncodings = "gzip, deflate, br";

export interface BodyLimits {
  readonly maxBytes: number;
  /** Told of every chunk that comes. */
  readonly onChunk: () => void;
}

/** A body that was read whole, as it was sent; only a byte order mark is left out. */
export class Body {
  /** UTF-8. */
  readonly data: Buffer;
  #text: string | undefined;

  constructor(sent: Buffer) {
    this.data = sent.subarray(0, 3).equals(byteOrderMark) ? sent.subarray(3) : sent;
  }

  static of(text: string): Body {
    return new Body(Buffer.from(text));
  }

  /** Made when it is asked for first: the text of a large body is costly. */
  get text(): string {
    return (this.#text ??= this.data.toString());
  }

  /** A body of this text; this one where nothing differs. */
  withText(text: string): Body {
    return text === this.text ? this : Body.of(text);
  }

  /** Its size, unpacked. */
  get bytes(): number {
    return this.data.length;
  }
}

const byteOrderMark = Buffer.from("\ufeff");

/** Reads the whole body, strictly: one that breaks off, does not unpack, is no UTF-8 or is too large throws an HttpFailure. */
export async function readBody(message: IncomingMessage, limits: BodyLimits): Promise<Body> {
  const { maxBytes, onChunk } = limits;
  if (Number(message.headers["content-length"]) > maxBytes) {
    message.destroy();
    throw tooLarge(maxBytes);
  }
  const decoder = decoderOf(message);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const keep = async (decoded: AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const chunk of decoded) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      chunks.push(chunk);
    }
  };
  try {
    const source = notifyChunks(onChunk);
    await (decoder ? pipeline(message, source, decoder, keep) : pipeline(message, source, keep));
  } catch (error) {
    if (error instanceof HttpError) throw error;
    throw new HttpError("broken", `the answer broke off (${messageOf(error)})`);
  }
  const data = Buffer.concat(chunks, bytes);
  if (!isUtf8(data)) throw new HttpError("broken", "the answer is not UTF-8");
  return new Body(data);
}

function notifyChunks(heard: () => void) {
  return async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      heard();
      yield chunk;
    }
  };
}

function decoderOf(message: IncomingMessage): Transform | undefined {
  const encoding = (message.headers["content-encoding"] ?? "").trim().toLowerCase();
  if (encoding === "" || encoding === "identity") return undefined;
  if (encoding === "br") return createBrotliDecompress();
  if (["gzip", "x-gzip", "deflate"].includes(encoding)) return createUnzip();
  message.destroy();
  throw new HttpError("broken", `the answer is encoded as "${encoding}", which was not asked for`);
}

function tooLarge(maxBytes: number): HttpError {
  const mebibytes = maxBytes / 2 ** 20;
  const limit = mebibytes >= 1 ? `${mebibytes} MiB` : `${maxBytes} bytes`;
  return new HttpError("size", `the answer is larger than ${limit}`);
}
