import { fstatSync, read } from "node:fs";
import { addAbortSignal } from "node:stream";
import { promisify } from "node:util";

const chunkBytes = 2 ** 18;

/** Reads standard input until the signal aborts. A chunk is valid until the next is read. */
export function readStandardInput(signal: AbortSignal): AsyncIterable<Buffer> {
  const fd = 0;
  if (fstatSync(fd).isFile()) return readDescriptor(fd, signal);
  return addAbortSignal(signal, process.stdin) as AsyncIterable<Buffer>;
}

const readInto = promisify(read);

/** Reuses one buffer: new ones would be allocated faster than they are collected. */
async function* readDescriptor(fd: number, signal: AbortSignal): AsyncGenerator<Buffer, void> {
  const buffer = Buffer.allocUnsafe(chunkBytes);
  for (;;) {
    signal.throwIfAborted();
    const { bytesRead } = await readInto(fd, buffer, 0, chunkBytes, null);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}
