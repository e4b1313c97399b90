import { isUtf8 } from "node:buffer";
import { SourceError } from "../core/errors.ts";

/** Lines that came together. */
export interface LineChunk {
  /** Without their ends. */
  readonly texts: readonly string[];
  /** The number of the first, from 1. */
  readonly firstNumber: number;
  /** Which of them are not UTF-8: their text is what could be read of them. Absent: none. */
  readonly invalidUtf8?: ReadonlySet<number>;
}

const newline = 10;

/** Some programs begin a text with it; it is no part of the first line. */
const byteOrderMark = Buffer.from("\uFEFF");

/** More is no text to Node. */
const maxBytes = 2 ** 29 - 25;

/**
 * Cuts what is read into lines, as many at once as come together. Holds no more than a chunk and one line; chunks are copied at once, so that they
 * may be used again.
 */
export async function* splitLines(
  chunks: AsyncIterable<Buffer>,
  name: string,
): AsyncGenerator<LineChunk, void> {
  let first = 1;
  let held = Buffer.allocUnsafe(2 ** 18);
  let length = 0;
  for await (const chunk of chunks) {
    const needed = length + chunk.length;
    if (needed > maxBytes)
      throw new SourceError(`${name}: line ${first}: longer than ${maxBytes} bytes`);
    if (needed > held.length) held = growBuffer(held, needed);
    chunk.copy(held, length);
    const end = chunk.lastIndexOf(newline);
    if (end < 0) {
      length = needed;
      continue;
    }
    const lines = splitChunk(held.subarray(0, length + end), first);
    held.copyWithin(0, length + end + 1, needed);
    length = chunk.length - end - 1;
    first += lines.texts.length;
    yield lines;
  }
  if (length > 0) yield splitChunk(held.subarray(0, length), first);
}

function growBuffer(held: Buffer, needed: number): Buffer<ArrayBuffer> {
  const grown = Buffer.allocUnsafe(Math.min(maxBytes, Math.max(needed, held.length * 2)));
  held.copy(grown);
  return grown;
}

function splitChunk(content: Buffer, first: number): LineChunk {
  const isMarked = first === 1 && content.subarray(0, byteOrderMark.length).equals(byteOrderMark);
  const whole = isMarked ? content.subarray(byteOrderMark.length) : content;
  if (isUtf8(whole)) return { texts: whole.toString("utf8").split("\n"), firstNumber: first };
  const texts: string[] = [];
  const broken = new Set<number>();
  for (let at = 0; at <= whole.length;) {
    const next = whole.indexOf(newline, at);
    const line = whole.subarray(at, next < 0 ? whole.length : next);
    if (!isUtf8(line)) broken.add(texts.length);
    texts.push(line.toString("utf8"));
    at = next < 0 ? whole.length + 1 : next + 1;
  }
  return { texts, firstNumber: first, invalidUtf8: broken };
}
