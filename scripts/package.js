import { execFileSync } from "node:child_process";
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { inject } from "postject";
import { rolldown } from "rolldown";
import { versionDefine } from "./build-version.js";
import { packageProgram } from "./package-program.js";

/**
 * Without an argument, builds the standalone program (`package-program.js`). With one, a
 * self-contained connector for Fivetran: `npm run package -- opik` writes `package/opik-connector`,
 * a copy of the running Node with the connector in it. It serves Fivetran on `--port`.
 *
 * @see https://nodejs.org/docs/latest-v20.x/api/single-executable-applications.html
 */
const root = resolve(import.meta.dirname, "..");
const [name, ...rest] = process.argv.slice(2);
if (name === undefined) {
  await packageProgram(root);
  process.exit();
}
if (rest.length > 0 || !/^[a-z]+$/.test(name)) {
  console.error("usage: npm run package [-- SOURCE]");
  process.exit(2);
}

const folder = await mkdtemp(join(tmpdir(), "rivulet-package-"));
try {
  const program = await bundle();
  const blob = await blobOf(program);
  const target = join(root, "package", `${name}-connector`);
  await mkdir(join(root, "package"), { recursive: true });
  await rm(target, { force: true });
  await copyFile(process.execPath, target);
  await chmod(target, 0o755);
  await inject(target, "NODE_SEA_BLOB", blob, {
    sentinelFuse: "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2",
    ...(process.platform === "darwin" ? { machoSegmentName: "NODE_SEA" } : {}),
  });
  console.log(target);
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** Bundles the program into one file, as a single executable application requires. */
async function bundle() {
  const entry = join(folder, "entry.ts");
  await writeFile(
    entry,
    `import { serveStandalone } from ${JSON.stringify(join(root, "src/cli/standalone.ts"))};
import { ${name} } from ${JSON.stringify(join(root, `src/sources/${name}/source.ts`))};
void serveStandalone(${name});\n`,
  );
  const build = await rolldown({
    input: entry,
    cwd: root,
    platform: "node",
    transform: { target: "node20.19", define: versionDefine(root) },
    resolve: { mainFields: ["module", "main"] },
    logLevel: "silent",
  });
  const file = join(folder, "program.cjs");
  // Its own `require` finds only Node's modules, and warns when a dependency tries an optional one.
  const banner = `require = require("node:module").createRequire(__filename);`;
  await build.write({ file, format: "cjs", codeSplitting: false, banner });
  await build.close();
  return file;
}

/** Prepares the blob that is injected into the executable. */
async function blobOf(main) {
  const output = join(folder, "program.blob");
  const config = join(folder, "sea.json");
  await writeFile(config, JSON.stringify({ main, output, disableExperimentalSEAWarning: true }));
  execFileSync(process.execPath, ["--experimental-sea-config", config], { stdio: "pipe" });
  return await readFile(output);
}
