import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { moduleName, packageName } from "./about.ts";
import type { ConnectorKind } from "./connector.ts";
import { connectorNamePattern } from "./validate-connector.ts";
import { ConfigError } from "../core/errors.ts";

export interface CreateOptions {
  readonly name: string;
  readonly kind: ConnectorKind;
  /** The folder in which the package's own is made. */
  readonly parent: string;
  /** Where the templates are: what all kinds have in `common`, and a folder for each. */
  readonly templates: URL;
  /** The version of rivulet that the package is made for. */
  readonly version: string;
}

/**
 * Writes a package of the contract's name and layout, whose tests pass, and returns its folder. Throws a ConfigError where there is such a
 * folder already.
 */
export async function createPackage(options: CreateOptions): Promise<string> {
  const { name, kind, parent, templates } = options;
  if (!connectorNamePattern.test(name))
    throw new ConfigError(
      `create: "${name}" is no name for a connector; use lower-case letters, digits and single - or _, such as help-desk`,
    );
  const folder = join(parent, packageName(kind, name));
  await makeFolder(folder);
  const fill = newTemplateFiller(options);
  for (const part of ["common", kind]) {
    const from = fileURLToPath(new URL(`${part}/`, templates));
    const files = await readdir(from, { recursive: true, withFileTypes: true });
    for (const file of files.filter((entry) => entry.isFile())) {
      const path = join(file.parentPath, file.name);
      const target = join(folder, fill(path.slice(from.length)));
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, fill(await readFile(path, "utf8")), { flag: "wx" });
    }
  }
  return folder;
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why = code === "EEXIST" ? "is there already; choose another name" : "cannot be made";
    throw new ConfigError(
      `${folder}: ${why}${code === "EEXIST" ? "" : ` (${code ?? "unknown"})`}`,
      {
        cause,
      },
    );
  }
}

/** Puts names in the place of the words that stand for them in a template. */
function newTemplateFiller({ name, kind, version }: CreateOptions): (text: string) => string {
  const words = name.replaceAll("-", "_");
  const values: Readonly<Record<string, string>> = {
    __NAME__: words,
    __TITLE__: words.charAt(0).toUpperCase() + words.slice(1).replaceAll("_", " "),
    __ENV__: words.toUpperCase(),
    __KIND__: kind,
    __MODULE__: moduleName(kind, name),
    __PACKAGE__: packageName(kind, name),
    __VERSION__: version,
    __YEAR__: String(new Date().getFullYear()),
  };
  return (text) => text.replace(/__[A-Z]+__/g, (word) => values[word] ?? word);
}
