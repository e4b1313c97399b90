import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** The folder of the package, wherever this file was compiled to. */
export const root: string = packageFolder(import.meta.dirname);

function packageFolder(folder: string): string {
  return existsSync(join(folder, "package.json")) ? folder : packageFolder(dirname(folder));
}
