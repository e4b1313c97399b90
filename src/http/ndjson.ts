import { TransientError } from "../core/errors.ts";

/** What an object says that reports an error among the rows; undefined where it is a row. */
export type InBandError = (value: unknown) => string | undefined;

/**
 * The lines of a body that has a JSON value on each, ended by `\n` or `\r\n`; empty lines are left out. A line that is no JSON,
 * the last one of a body that was cut for example, or that reports an error is a TransientError: meant for a request's `accept`.
 */
export function jsonLines(text: string, inBandError: InBandError = () => undefined): string[] {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.filter((line, index) => {
    if (line === "") return false;
    const problem = inBandError(parse(line, index));
    if (problem === undefined) return true;
    throw new TransientError(`the service reports an error within its answer: ${problem}`);
  });
}

function parse(line: string, index: number): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new TransientError(`expected JSON in line ${index + 1}, got one that is cut or broken`);
  }
}
