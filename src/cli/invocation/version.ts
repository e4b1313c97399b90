import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { packageFolder } from "./package-folder.ts";

/** The version of rivulet's package, which others depend on: without the commit. */
export function version(): string {
  const text = readFileSync(join(packageFolder, "package.json"), "utf8");
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}
