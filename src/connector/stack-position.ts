import { isAbsolute } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** A position in a file of code. */
export interface Position {
  readonly url: string;
  readonly line: number;
  readonly column: number;
}

/** The positions in an error's stack, innermost first. Code of Node itself has none. */
export function stackPositions(error: unknown): Position[] {
  const { stack = "" } = error instanceof Error ? error : {};
  const frames = stack.split("\n").filter((line) => line.startsWith("    at "));
  return frames.flatMap((frame) => {
    // `    at name (place:1:2)`, or without a name `    at async place:1:2`.
    const place = frame.slice(Math.max(frame.lastIndexOf("("), 6) + 1).replace(/^async |\)$/g, "");
    const [, line = "", column = ""] = /:(\d+):(\d+)$/.exec(place) ?? [];
    const url = urlOf(place.slice(0, place.length - line.length - column.length - 2));
    return url === undefined ? [] : [{ url, line: Number(line), column: Number(column) }];
  });
}

/**
 * The position that Node puts before a message: a file and a line, that line of code, and a caret
 * below it. It is in the output of a program, and in some stacks.
 */
export function positionBefore(text: string): Position | undefined {
  const [place = "", , marker = ""] = text.split("\n");
  const [, file = "", line = ""] = /^(.+):(\d+)$/.exec(place) ?? [];
  const url = urlOf(file);
  if (url === undefined || !/^\s*\^+\s*$/.test(marker)) return undefined;
  return { url, line: Number(line), column: marker.indexOf("^") + 1 };
}

/** Formats a position: `/home/ada/desk.js: line 3, column 6`. */
export function formatPosition({ url, line, column }: Position): string {
  return `${fileURLToPath(url)}: line ${line}, column ${column}`;
}

function urlOf(place: string): string | undefined {
  if (place.startsWith("file://")) return place;
  return isAbsolute(place) ? pathToFileURL(place).href : undefined;
}
