import { isUtf8 } from "node:buffer";
import { SourceError } from "../core/errors.ts";

/** Consecutive lines that arrived together. */
export interface LineChunk {
  /** Without line ends. */
  readonly texts: readonly string[];
  /** The line number of the first, from 1. */
  readonly firstNumber: number;
  /** Indexes of lines that are not UTF-8; their text is a best effort. Absent: none. */
  readonly invalidUtf8?: ReadonlySet<number>;
}

const newline = 10;

/** Some programs write it at the start; it is not part of the first line. */
const byteOrderMark = Buffer.from("\uFEFF");

/** The longest string that Node can make. */
const maxBytes = 2 ** 29 - 25;

/**
 * Splits input into lines, as many at a time as arrive together. Buffers at most a chunk and one
 * line. Chunks are copied at once, so the caller may reuse their memory. `name` is for errors.
 *
 * @throws SourceError if a line is too long for a string
 */
export async function* splitLines(
  chunks: AsyncIterable<Buffer>,
  name: string,
): AsyncGenerator<LineChunk, void> {
  let first = 1;
  let buffer = Buffer.allocUnsafe(2 ** 18);
  let length = 0;
  for await (const chunk of chunks) {
    const needed = length + chunk.length;
    if (needed > maxBytes)
      throw new SourceError(`${name}: line ${first}: longer than ${maxBytes} bytes`);
    if (needed > buffer.length) buffer = growBuffer(buffer, needed);
    chunk.copy(buffer, length);
    const end = chunk.lastIndexOf(newline);
    if (end < 0) {
      length = needed;
      continue;
    }
    const lines = splitChunk(buffer.subarray(0, length + end), first);
    buffer.copyWithin(0, length + end + 1, needed);
    length = chunk.length - end - 1;
    first += lines.texts.length;
    yield lines;
  }
  if (length > 0) yield splitChunk(buffer.subarray(0, length), first);
}

function growBuffer(buffer: Buffer, needed: number): Buffer<ArrayBuffer> {
  const grown = Buffer.allocUnsafe(Math.min(maxBytes, Math.max(needed, buffer.length * 2)));
  buffer.copy(grown);
  return grown;
}

function splitChunk(content: Buffer, first: number): LineChunk {
  const hasByteOrderMark =
    first === 1 && content.subarray(0, byteOrderMark.length).equals(byteOrderMark);
  const bytes = hasByteOrderMark ? content.subarray(byteOrderMark.length) : content;
  if (isUtf8(bytes)) return { texts: bytes.toString("utf8").split("\n"), firstNumber: first };
  const texts: string[] = [];
  const invalidUtf8 = new Set<number>();
  for (let at = 0; at <= bytes.length;) {
    const next = bytes.indexOf(newline, at);
    const line = bytes.subarray(at, next < 0 ? bytes.length : next);
    if (!isUtf8(line)) invalidUtf8.add(texts.length);
    texts.push(line.toString("utf8"));
    at = next < 0 ? bytes.length + 1 : next + 1;
  }
  return { texts, firstNumber: first, invalidUtf8 };
}
