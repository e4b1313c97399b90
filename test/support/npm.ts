import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const root = resolve(import.meta.dirname, "../..");
const execute = promisify(execFile);

/** The tarball of a package, as npm would publish it, in `folder`. What it builds is there. */
export async function pack(source: string, folder: string): Promise<string> {
  const args = ["pack", "--ignore-scripts", "--json", "--pack-destination", folder];
  const { stdout } = await execute("npm", args, { cwd: source });
  const [packed] = JSON.parse(stdout) as { filename: string }[];
  return join(folder, packed?.filename ?? "");
}

/** rivulet as npm has installed it from its tarball, in folders of its own. */
export interface InstalledPackage {
  readonly tarball: string;
  /** A project with rivulet in its `node_modules`. */
  readonly project: string;
  /** The folder of the programs that `npm install --global` gives. */
  readonly bin: string;
  remove(): Promise<void>;
}

/**
 * Packs rivulet and installs it, locally and globally. SQLite is not compiled again, which would
 * take minutes. Undefined if npm cannot reach its registry.
 */
export async function installPackage(): Promise<InstalledPackage | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "rivulet-install-"));
  const remove = () => rm(folder, { recursive: true });
  await execute("npm", ["run", "build:types"], { cwd: root });
  const tarball = await pack(root, folder);
  const [project, global] = [join(folder, "project"), join(folder, "global")];
  try {
    await install(project, [tarball]);
    await install(global, ["--global", tarball]);
  } catch (error) {
    await remove();
    if (/\b(E?NOTFOUND|EAI_AGAIN|ECONN\w+|ETIMEDOUT|ENOTCACHED)\b/.test(String(error)))
      return undefined;
    throw error;
  }
  return { tarball, project, bin: join(global, "bin"), remove };
}

async function install(prefix: string, args: readonly string[]): Promise<void> {
  await mkdir(prefix);
  const options = ["--prefix", prefix, "--ignore-scripts", "--no-audit", "--prefer-offline"];
  await execute("npm", ["install", ...options, ...args], { cwd: prefix });
  const modules = args.includes("--global")
    ? "lib/node_modules/rivulet/node_modules"
    : "node_modules";
  const build = "node_modules/better-sqlite3/build";
  await cp(join(root, build), join(prefix, modules, "better-sqlite3/build"), { recursive: true });
}
