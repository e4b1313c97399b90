import { readFileSync } from "node:fs";
import { z } from "zod";

/** The version of this program, from its package.json: one folder above `src`, two above `dist/src`. */
export function version(): string {
  for (const path of ["../package.json", "../../package.json"]) {
    const text = textOf(new URL(path, import.meta.url));
    if (text !== undefined)
      return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
  }
  return "unknown";
}

function textOf(file: URL): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
