import { createRequire, register } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { ConfigError, messageOf } from "../core/errors.ts";
import { packageName } from "./about.ts";
import { connectorKinds, type Connector } from "./connector.ts";
import { validateConnector } from "./validate-connector.ts";

export interface LoadOptions {
  /** The folder that relative files, and packages, are looked for from. */
  readonly folder: string;
  /** Names that a connector must not have. */
  readonly reservedNames: readonly string[];
}

/**
 * Loads a connector from outside: a file (`./my-connector.js`), a folder, an npm package, or the name of a connector whose package is called
 * by the contract (`helpdesk` for `rivulet-source-helpdesk`). Throws a ConfigError that names all that is missing.
 */
export async function loadConnector(name: string, options: LoadOptions): Promise<Connector> {
  registerModuleHooks();
  const file = resolveModule(name, options.folder);
  const found = validateConnector((await importModule(name, file))["connector"]);
  if ("problems" in found)
    throw new ConfigError(`--connector ${name}: no connector: ${found.problems.join("; ")}`);
  const { connector } = found;
  if (options.reservedNames.includes(connector.name))
    throw new ConfigError(
      `--connector ${name}: the name "${connector.name}" is taken by rivulet itself; choose another`,
    );
  return connector;
}

let areHooksRegistered = false;

/** What a connector imports from `rivulet/…` is the program that runs it, wherever the connector is, and whatever is installed there. */
function registerModuleHooks(): void {
  if (areHooksRegistered) return;
  areHooksRegistered = true;
  const data = Object.fromEntries(
    ["rivulet/connector", "rivulet/conformance"].map((name) => [name, import.meta.resolve(name)]),
  );
  register("#own-modules", import.meta.url, { data });
}

function resolveModule(name: string, folder: string): string {
  const require = createRequire(join(resolve(folder), "here.js"));
  const candidates = /^[./]|^[a-z]:|\.[cm]?[jt]s$/i.test(name)
    ? [resolve(folder, name)]
    : [...connectorKinds.map((kind) => packageName(kind, name)), name];
  const failures: unknown[] = [];
  for (const candidate of candidates) {
    try {
      return require.resolve(candidate);
    } catch (error) {
      failures.push(error);
    }
  }
  throw new ConfigError(
    `--connector ${name}: no such file or package in ${resolve(folder)}; install it with npm, or name a file like ./my-connector.js`,
    { cause: failures.at(-1) },
  );
}

async function importModule(
  name: string,
  file: string,
): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } catch (cause) {
    throw new ConfigError(`--connector ${name}: cannot be loaded (${messageOf(cause)})`, { cause });
  }
}
