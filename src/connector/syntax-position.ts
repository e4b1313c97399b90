import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { positionBefore, type Position } from "./stack-position.ts";

const execute = promisify(execFile);

/**
 * Where the syntax error is because of which a module cannot be imported: in itself or in a file
 * that it imports. The error of an `import()` does not say so; only another process of Node does.
 */
export async function syntaxErrorPosition(
  url: string,
  seen: Set<string> = new Set(),
): Promise<Position | undefined> {
  if (seen.has(url)) return undefined;
  seen.add(url);
  const found = positionBefore(await checkerOutput(fileURLToPath(url)));
  if (found) return found;
  for (const imported of await relativeImports(url)) {
    const position = await syntaxErrorPosition(imported, seen);
    if (position) return position;
  }
  return undefined;
}

/** What `node --check` writes; empty if the file is well-formed, or is not there. */
async function checkerOutput(file: string): Promise<string> {
  try {
    await execute(process.execPath, ["--check", file], { timeout: 10_000 });
    return "";
  } catch (error) {
    return (error as { readonly stderr?: string }).stderr ?? "";
  }
}

const importPattern = /\b(?:from|import)[\s(]*["'](\.{1,2}\/[^"'\n]+)["']/g;

async function relativeImports(url: string): Promise<string[]> {
  const text = await readFile(new URL(url), "utf8").catch(() => "");
  return [...text.matchAll(importPattern)].map(([, path = ""]) => new URL(path, url).href);
}
