import { TransientError } from "../core/errors.ts";

/** Returns the message of a value that reports an error among the rows; undefined for a row. */
type InBandError = (value: unknown) => string | undefined;

/**
 * Splits newline-delimited JSON, with `\n` or `\r\n`, into its non-empty lines; for a request's
 * `accept`. Throws a TransientError if a line is not JSON, as at the end of a truncated body, or
 * reports an error.
 */
export function jsonLines(text: string, inBandError: InBandError = () => undefined): string[] {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.filter((line, index) => {
    if (line === "") return false;
    const problem = inBandError(parse(line, index));
    if (problem === undefined) return true;
    throw new TransientError(`the service reports an error: ${problem}`);
  });
}

function parse(line: string, index: number): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new TransientError(`expected JSON in line ${index + 1}, got a truncated or invalid line`);
  }
}
