import { readdirSync, readFileSync } from "node:fs";
import { join, resolve, sep } from "node:path";

export const root = resolve(import.meta.dirname, "../..");

export function read(file: string): string {
  return readFileSync(join(root, file), "utf8");
}

/** README, the pages at the top level, and all of `docs`, as paths from the root. */
export const pages: readonly string[] = [
  "README.md",
  "ARCHITECTURE.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name.split(sep).join("/")}`)
    .sort(),
];

/** A fenced block of a page. */
export interface Block {
  /** `docs/page.md:12`. */
  readonly where: string;
  /** The words behind the fence: `sh`, or `sql postgres`. */
  readonly info: readonly string[];
  readonly code: string;
  /** What the comments right before it say: `not run`, `file` or `in`. */
  readonly marks: ReadonlyMap<string, string>;
}

/** The fenced blocks of a page, in order. */
export function blocksOf(page: string): readonly Block[] {
  const blocks: Block[] = [];
  let marks = new Map<string, string>();
  const lines = read(page).split("\n");
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? "";
    const fence = /^```+/.exec(line)?.[0];
    if (fence !== undefined) {
      const start = index + 1;
      do index += 1;
      while (index < lines.length && lines[index] !== fence);
      const code = lines.slice(start, index).join("\n");
      const info = line.slice(fence.length).split(" ");
      blocks.push({ where: `${page}:${start}`, info, code, marks });
    }
    const mark = /^<!-- (not run|file|in): (.*) -->$/.exec(line);
    if (mark) marks.set(mark[1] ?? "", mark[2] ?? "");
    else if (line !== "") marks = new Map();
  }
  return blocks;
}

/** The links of a page to files, as they are written, without those in code. */
export function linksOf(page: string): readonly string[] {
  const prose = read(page)
    .replaceAll(/^```[^]*?^```/gm, "")
    .replaceAll(/`[^`\n]*`/g, "");
  return [...prose.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, link = ""]) => link);
}
