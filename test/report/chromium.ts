import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const names = ["chromium", "chromium-browser", "google-chrome"];
const folders = (process.env["PATH"] ?? "").split(delimiter);

/** A real browser of this machine; undefined if there is none, and its tests are skipped. */
export const chromium: string | undefined = names
  .flatMap((name) => folders.map((folder) => join(folder, name)))
  .find(existsSync);

if (chromium === undefined)
  console.warn("no Chromium in PATH: reports are not opened in a browser");

/** Opens a page without a window; resolves to its document and what it wrote to the console. */
export async function openPage(
  url: string,
  flags: readonly string[] = [],
): Promise<{ readonly document: string; readonly console: readonly string[] }> {
  const { stdout, stderr } = await promisify(execFile)(
    chromium ?? "",
    [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--enable-logging=stderr",
      "--window-size=1200,900",
      "--virtual-time-budget=10000",
      ...flags,
      "--dump-dom",
      url,
    ],
    { maxBuffer: 2 ** 28 },
  );
  return { document: stdout, console: stderr.split("\n").filter((line) => /:CONSOLE/.test(line)) };
}
