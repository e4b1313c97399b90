import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

/**
 * The folder of this package: the nearest one above this file, in `src` or `dist`, with a
 * package.json.
 */
export const packageFolder: string = folderAbove(import.meta.dirname);

/** The templates of `rivulet create`. */
export const templateFolder: URL = pathToFileURL(join(packageFolder, "templates/"));

function folderAbove(folder: string): string {
  return existsSync(join(folder, "package.json")) ? folder : folderAbove(dirname(folder));
}
