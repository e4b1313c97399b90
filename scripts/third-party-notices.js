import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The folder of the package that a module belongs to: the last one, if packages are nested. */
const packageFolder = /^.*[/\\]node_modules[/\\](?:@[^/\\]+[/\\])?[^/\\]+(?=[/\\])/;

/**
 * A plugin for the bundler that writes `THIRD-PARTY-NOTICES.txt` beside the bundle: name, licence
 * and notices of each package of which something is in it, as most licences demand. Builds that
 * share the plugin share the file.
 */
export function thirdPartyNotices() {
  const folders = new Set();
  return {
    name: "third-party-notices",
    generateBundle(_options, bundle) {
      const modules = Object.values(bundle).flatMap((file) => file.moduleIds ?? []);
      for (const folder of modules.flatMap(packageFolderOf)) folders.add(folder);
      const notices = [...folders].map(noticeOf).sort();
      const source = `rivulet contains parts of these packages:\n\n${[...new Set(notices)].join("\n")}`;
      this.emitFile({ type: "asset", fileName: "THIRD-PARTY-NOTICES.txt", source });
    },
  };
}

/** The folder of the package that a module is from; none if it is ours or the bundler's. */
function packageFolderOf(module) {
  return packageFolder.exec(module.replace(/^\0/, ""))?.slice(0, 1) ?? [];
}

function noticeOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const texts = noticeFiles(folder).map((file) => readFileSync(file, "utf8").trim());
  if (texts.length === 0 && license === undefined) throw new Error(`${folder}: no licence`);
  return [`${"-".repeat(80)}\n${name} ${version} (${license})\n`, ...texts, ""].join("\n");
}

function noticeFiles(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => /^(licen[cs]es?|notice|copying)\b/i.test(name))
    .flatMap((entry) =>
      entry.isDirectory() ? noticeFiles(join(folder, entry.name)) : [join(folder, entry.name)],
    )
    .sort();
}
