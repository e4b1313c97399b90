import { messageOf, TransientError } from "./errors.ts";

/** Whether writing to standard output failed because the reader closed the pipe. */
export function isClosedPipe(error: Error): boolean {
  return (
    "code" in error &&
    ["EPIPE", "ERR_STREAM_DESTROYED", "ECONNRESET", "EOF"].includes(String(error.code))
  );
}

/** The error for any other failure of standard output, most likely a full disk. */
export function outputError(cause: Error): TransientError {
  return new TransientError(
    `standard output: cannot be written to (${messageOf(cause)}); free disk space and run again`,
    { cause },
  );
}
