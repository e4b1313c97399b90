import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** The package's folder, from the sources and from the compiled files alike. */
export const root: string = packageFolder(import.meta.dirname);

function packageFolder(folder: string): string {
  return existsSync(join(folder, "package.json")) ? folder : packageFolder(dirname(folder));
}
