import { once } from "node:events";

let isClosed = false;

/**
 * Writes to standard output, and waits until there is room for more. False once it has failed: its
 * reader has what it wanted, or whoever watches for errors reports a full disk.
 */
export async function writeOutput(text: string, signal: AbortSignal): Promise<boolean> {
  const { stdout } = process;
  if (isClosed || stdout.destroyed || stdout.writableEnded) return false;
  const settled = new AbortController();
  const options = { signal: AbortSignal.any([signal, settled.signal]) };
  const failed = once(stdout, "error", options).then(() => (isClosed = true));
  failed.catch(() => undefined);
  try {
    if (!stdout.write(text)) await Promise.race([once(stdout, "drain", options), failed]);
  } catch {
    // Waiting for `drain` ends with an error of the stream, too.
    signal.throwIfAborted();
    isClosed = true;
  } finally {
    settled.abort();
  }
  return !isClosed;
}
