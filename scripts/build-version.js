import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * The version of the package in `folder`, with the commit if it is a clone: `0.1.0+abc1234`, or
 * `0.1.0+abc1234-dirty` if files differ from it.
 */
export function buildVersion(folder) {
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const commit = commitOf(folder);
  return commit === undefined ? version : `${version}+${commit}`;
}

/** The build replaces the name that `src/core/version.ts` declares. */
export function versionDefine(folder) {
  return { RIVULET_VERSION: JSON.stringify(buildVersion(folder)) };
}

function commitOf(folder) {
  const git = (...args) =>
    execFileSync("git", args, {
      cwd: folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  try {
    // The extracted package may be in a clone of something else.
    if (git("rev-parse", "--show-prefix").trim() !== "") return undefined;
    return git("describe", "--always", "--dirty", "--exclude", "*").trim();
  } catch {
    return undefined;
  }
}
