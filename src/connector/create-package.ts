import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ConfigError } from "../core/errors.ts";
import { moduleName, packageName } from "./about.ts";
import type { ConnectorKind } from "./connector.ts";
import { connectorNamePattern } from "./validate-connector.ts";

interface CreateOptions {
  readonly name: string;
  readonly kind: ConnectorKind;
  /** The folder in which the package's folder is created. */
  readonly parent: string;
  /** The templates: a folder `common` for all kinds, and one for each kind. */
  readonly templates: URL;
  /** The version of rivulet that the package requires. */
  readonly version: string;
}

/**
 * Creates a package whose name and layout follow the C8 contract and whose tests pass. Returns its
 * folder. Throws a ConfigError if the folder exists already.
 */
export async function createPackage(options: CreateOptions): Promise<string> {
  const { name, kind, parent, templates } = options;
  if (!connectorNamePattern.test(name))
    throw new ConfigError(
      `create: "${name}" is not a valid name; use lower-case letters, digits and single - or _, such as help-desk`,
    );
  const folder = join(parent, packageName(kind, name));
  await makeFolder(folder);
  const fill = newTemplateFiller(options);
  for (const template of ["common", kind]) {
    const templateFolder = fileURLToPath(new URL(`${template}/`, templates));
    const files = await readdir(templateFolder, { recursive: true, withFileTypes: true });
    for (const file of files.filter((entry) => entry.isFile())) {
      const path = join(file.parentPath, file.name);
      const target = join(folder, fill(path.slice(templateFolder.length)));
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
    const { code = "unknown" } = cause as NodeJS.ErrnoException;
    const problem =
      code === "EEXIST" ? "already exists; choose another name" : `cannot be created (${code})`;
    throw new ConfigError(`${folder}: ${problem}`, { cause });
  }
}

/** Returns a function that replaces the placeholders of a template, such as `__NAME__`. */
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
