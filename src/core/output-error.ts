import { messageOf, TransientError } from "./errors.ts";

/** Whether standard output failed because who reads it has closed the pipe, and wants no more. */
export function isClosedPipe(error: Error): boolean {
  return (
    "code" in error &&
    ["EPIPE", "ERR_STREAM_DESTROYED", "ECONNRESET", "EOF"].includes(String(error.code))
  );
}

/** Any other failure of standard output: a full disk, most likely. */
export function outputError(cause: Error): TransientError {
  return new TransientError(
    `standard output: cannot be written to (${messageOf(cause)}); make room, and run it again`,
    { cause },
  );
}
