import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import type { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress, createUnzip } from "node:zlib";
import { collectGarbage } from "../core/collect-garbage.ts";
import { messageOf } from "../core/errors.ts";
import type { AnswerMemory } from "./answer-memory.ts";
import { HttpError } from "./http-error.ts";

/** The content encodings that `decoderOf` understands. */
export const acceptedEncodings = "gzip, deflate, br";

type BodyMemory = Pick<AnswerMemory, "hold" | "isLarge">;

interface BodyLimits {
  readonly maxBytes: number;
  /** Called for every chunk that arrives. */
  readonly onChunk: () => void;
  /** Called for every decompressed chunk; waits until there is memory for it. */
  readonly takeMemory: (bytes: number) => Promise<void> | undefined;
  /** Where the memory of the body is held. */
  readonly answerMemory: BodyMemory;
}

/** A complete response body, decompressed and without a byte order mark, otherwise as sent. */
export class Body {
  /** UTF-8. */
  readonly data: Buffer;
  #text: string | undefined;
  readonly #memory: BodyMemory | undefined;

  constructor(sent: Buffer, memory?: BodyMemory) {
    this.#memory = memory;
    this.data = sent.subarray(0, 3).equals(byteOrderMark) ? sent.subarray(3) : sent;
  }

  /** A body with this text. */
  static of(text: string): Body {
    return new Body(Buffer.from(text));
  }

  /** Created on first use: the text of a large body is expensive. */
  get text(): string {
    return (this.#text ??= this.data.toString());
  }

  /** A body with this text; this one if it is the same. */
  withText(text: string): Body {
    return text === this.text ? this : new Body(Buffer.from(text), this.#memory);
  }

  /**
   * Keeps the memory of a large answer from others until the result is disposed of: yield it as
   * `held` with the last of the rows. Undefined if the answer is not large.
   */
  hold(): Disposable | undefined {
    return this.#memory?.hold(this.bytes);
  }

  /** The decompressed size. */
  get bytes(): number {
    return this.data.length;
  }
}

const byteOrderMark = Buffer.from("\ufeff");

/**
 * Reads the whole body. Throws an HttpError if it breaks off, cannot be decompressed, is not UTF-8
 * or is too large.
 */
export async function readBody(message: IncomingMessage, limits: BodyLimits): Promise<Body> {
  const { maxBytes, onChunk, takeMemory, answerMemory } = limits;
  if (Number(message.headers["content-length"]) > maxBytes) {
    message.destroy();
    throw tooLarge(maxBytes);
  }
  const decoder = decoderOf(message);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const collect = async (decoded: AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const chunk of decoded) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      await takeMemory(chunk.length);
      chunks.push(chunk);
    }
  };
  try {
    const source = notifyChunks(onChunk);
    await (decoder
      ? pipeline(message, source, decoder, collect)
      : pipeline(message, source, collect));
  } catch (error) {
    if (error instanceof HttpError) throw error;
    throw new HttpError("broken", `the response broke off (${messageOf(error)})`);
  }
  const data = Buffer.concat(chunks, bytes);
  chunks.length = 0;
  // The chunks, and what is left of the answer before it: the rows of this one take far more.
  if (answerMemory.isLarge(bytes)) collectGarbage();
  if (!isUtf8(data)) throw new HttpError("broken", "the response is not UTF-8");
  return new Body(data, answerMemory);
}

function notifyChunks(onChunk: () => void) {
  return async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      onChunk();
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
  throw new HttpError("broken", `unexpected content encoding "${encoding}"`);
}

function tooLarge(maxBytes: number): HttpError {
  const mebibytes = maxBytes / 2 ** 20;
  const limit = mebibytes >= 1 ? `${mebibytes} MiB` : `${maxBytes} bytes`;
  return new HttpError("size", `the response is larger than ${limit}`);
}
