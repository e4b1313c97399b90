import nodeModule, { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { ConfigError, messageOf } from "../core/errors.ts";
import { packageName } from "./about.ts";
import { checkedSource } from "./checked-source.ts";
import { positionInConnector, recordConnectorModule } from "./connector-modules.ts";
import { connectorKinds, type Connector } from "./connector.ts";
import { initialize, resolve as resolveModuleUrl } from "./module-hooks.ts";
import { formatPosition, positionBefore } from "./stack-position.ts";
import { syntaxErrorPosition } from "./syntax-position.ts";
import { validateConnector } from "./validate-connector.ts";

/** Where connectors are looked for, and which names they must not have. */
export interface LoadOptions {
  /** The folder from which relative paths and npm packages are resolved. */
  readonly folder: string;
  readonly reservedNames: readonly string[];
}

/**
 * Loads an external connector. It is named by a file (`./my-connector.js`), a folder, an npm
 * package, or the short form of a package (`helpdesk` for `rivulet-source-helpdesk`). Throws a
 * ConfigError that lists everything that is missing.
 */
export async function loadConnector(name: string, options: LoadOptions): Promise<Connector> {
  registerModuleHooks();
  const file = resolveModule(name, options.folder);
  const result = validateConnector((await importModule(name, file))["connector"]);
  if ("problems" in result)
    throw new ConfigError(`--connector ${name}: not a connector: ${result.problems.join("; ")}`);
  const { connector } = result;
  if (options.reservedNames.includes(connector.name))
    throw new ConfigError(
      `--connector ${name}: rivulet reserves the name "${connector.name}"; choose another`,
    );
  return connector.kind === "source" ? checkedSource(connector) : connector;
}

let areHooksRegistered = false;

/**
 * Makes connectors import `rivulet/…` from the running program, wherever they are installed and
 * whatever version is installed next to them.
 */
function registerModuleHooks(): void {
  if (areHooksRegistered) return;
  areHooksRegistered = true;
  const modules = Object.fromEntries(
    ["rivulet/connector", "rivulet/conformance"].map((name) => [name, import.meta.resolve(name)]),
  );
  const { register, registerHooks }: ModuleHooks = nodeModule;
  // Node 20 has only `register`; newer versions warn about it.
  if (registerHooks === undefined) {
    register("#module-hooks", import.meta.url, { data: modules });
    return;
  }
  initialize(modules);
  registerHooks({ resolve: resolveModuleUrl });
}

/** `registerHooks` came with Node 22.15; the types are those of Node 20. */
interface ModuleHooks extends Pick<typeof nodeModule, "register"> {
  readonly registerHooks?: (hooks: { readonly resolve: typeof resolveModuleUrl }) => void;
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
    `--connector ${name}: no such file or package in ${resolve(folder)}; install it with npm, or pass a file such as ./my-connector.js`,
    { cause: failures.at(-1) },
  );
}

async function importModule(
  name: string,
  file: string,
): Promise<Readonly<Record<string, unknown>>> {
  const { href } = pathToFileURL(file);
  recordConnectorModule(name, href);
  try {
    return (await import(href)) as Record<string, unknown>;
  } catch (cause) {
    const position =
      positionBefore((cause as Partial<Error>).stack ?? "") ??
      positionInConnector(cause) ??
      (cause instanceof SyntaxError ? await syntaxErrorPosition(href) : undefined);
    const where = position ? `${formatPosition(position)}: ` : "";
    throw new ConfigError(`--connector ${name}: cannot be loaded (${where}${messageOf(cause)})`, {
      cause,
    });
  }
}
