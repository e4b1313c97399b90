import { execFileSync } from "node:child_process";
import { copyFile, cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** Runs the program by whose name it is called, through a link too; `exec` hands it all signals. */
const launcher = `#!/bin/sh
home=$(dirname "$(readlink -f "$0")")/..
exec "$home/lib/node" "$home/lib/rivulet/bin/\${0##*/}.js" "$@"
`;

/** What npm installs beside SQLite to compile it is not needed to run it. */
const onlyForInstalling = ["prebuild-install"];

/**
 * Writes the whole command line with everything it needs, Node and SQLite included, to
 * `package/rivulet-PLATFORM-ARCH` and a `.tar.gz` of it. It is started by `bin/rivulet`,
 * `bin/opik-sync` and so on, on any machine of the same kind, from wherever it is put. It is no
 * single executable, since the threads, the page of `report`, templates and connectors are files.
 */
export async function packageProgram(root) {
  const name = `rivulet-${process.platform}-${process.arch}`;
  const target = join(root, "package", name);
  const home = join(target, "lib/rivulet");
  await rm(target, { recursive: true, force: true });
  await mkdir(home, { recursive: true });
  await copyFile(process.execPath, join(target, "lib/node"));
  const { bin, dependencies } = await readManifest(root);
  await unpack(root, home);
  for (const dependency of Object.keys(dependencies))
    await copyPackage(dependency, { from: root, modules: join(home, "node_modules") });
  await mkdir(join(target, "bin"));
  for (const program of Object.keys(bin))
    await writeFile(join(target, "bin", program), launcher, { mode: 0o755 });
  const archive = `${name}.tar.gz`;
  execFileSync("tar", ["-czf", archive, name], { cwd: join(root, "package") });
  console.log(target);
}

/** Puts there what npm would publish. */
async function unpack(root, home) {
  const args = ["pack", "--ignore-scripts", "--silent", "--pack-destination", home];
  const tarball = join(home, execFileSync("npm", args, { cwd: root, encoding: "utf8" }).trim());
  execFileSync("tar", ["-xzf", tarball, "-C", home, "--strip-components=1"]);
  await rm(tarball);
}

/** Copies a package with what it depends on; of compiled ones only what is loaded. */
async function copyPackage(name, { from, modules }) {
  const manifest = createRequire(join(from, "package.json")).resolve(`${name}/package.json`);
  const folder = dirname(manifest);
  const isNeeded = (path) => !/^(deps|src|build(?!$|\/Release(\/[^/]*\.node)?$))/.test(path);
  await cp(folder, join(modules, name), {
    recursive: true,
    dereference: true,
    filter: (path) => name === "zod" || isNeeded(path.slice(folder.length + 1)),
  });
  const { dependencies = {} } = await readManifest(folder);
  for (const dependency of Object.keys(dependencies))
    if (!onlyForInstalling.includes(dependency))
      await copyPackage(dependency, { from: folder, modules });
}

async function readManifest(folder) {
  return JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
}
