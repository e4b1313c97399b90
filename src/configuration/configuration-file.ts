import { access, constants, readFile, realpath, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { getNodeValue, parseTree, printParseErrorCode, type ParseError } from "jsonc-parser";
import { ConfigError } from "../core/errors.ts";

export type Settings = Readonly<Record<string, unknown>>;
export type Environment = Readonly<Record<string, string | undefined>>;

/** The file that is read where none is named. */
export const defaultConfigPath = "configuration.json";

/** The settings of a JSON file; undefined where there is no such file. Throws a ConfigError that never quotes the file. */
export async function readSettings(file: string): Promise<Settings | undefined> {
  try {
    return parseSettings((await readFile(file, "utf8")).replace(/^\uFEFF/, ""), file);
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    throw new ConfigError(
      `${file}: ${readErrors[code ?? ""] ?? `cannot be read (${code ?? "unknown"})`}`,
      { cause },
    );
  }
}

const readErrors: Readonly<Record<string, string>> = {
  EACCES: "no permission to read it; change its owner or mode",
  EISDIR: "is a directory; name the file in it",
};

/** Throws a ConfigError where a file could not be written. */
export async function checkWritable(file: string): Promise<void> {
  try {
    await access(`${dirname(file)}/.`, constants.W_OK);
  } catch (cause) {
    throw new ConfigError(
      `${file}: its directory is not there, or cannot be written to; make it, or name another file with --config`,
      { cause },
    );
  }
}

/** Writes a JSON file that only its owner can read, whatever was there, or leaves what was there as it is. */
export async function writeSettings(file: string, settings: Settings): Promise<void> {
  const target = await realpath(file).catch(() => file);
  const temporary = `${target}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, `${JSON.stringify(settings, null, 2)}\n`, { mode: 0o600 });
    await rename(temporary, target);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Parses without ever quoting the text in a message: it may hold a key. */
function parseSettings(text: string, file: string): Settings {
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { disallowComments: true });
  const [first] = errors;
  if (first) {
    const before = text.slice(0, first.offset).split("\n");
    const place = `line ${before.length}, column ${(before.at(-1) ?? "").length + 1}`;
    throw new ConfigError(
      `${file}: ${place}: not JSON (${spacedWords(printParseErrorCode(first.error))})`,
    );
  }
  if (tree?.type !== "object")
    throw new ConfigError(`${file}: expected a JSON object, got ${tree?.type ?? "nothing"}`);
  return getNodeValue(tree) as Settings;
}

/** `CommaExpected` as `comma expected`. */
function spacedWords(code: string): string {
  return code.replace(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase();
}

/**
 * Fills `${NAME}` and `${NAME:-default}` from the environment, all through a value. What becomes empty by it counts as absent.
 * Problems are added by path.
 */
export function expandVariables(value: unknown, at: string, context: ExpandContext): unknown {
  if (typeof value === "string") return expandText(value, at, context);
  if (Array.isArray(value))
    return value.map((entry, index) => expandVariables(entry, `${at}.${index}`, context));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(
    ([key, entry]) =>
      [key, expandVariables(entry, at === "" ? key : `${at}.${key}`, context)] as const,
  );
  return Object.fromEntries(entries.filter(([, entry]) => entry !== undefined && entry !== ""));
}

export interface ExpandContext {
  readonly env: Environment;
  readonly problems: string[];
}

const variable = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;
const placeholder = /^\s*<[^<>]*>\s*$/;

function expandText(
  text: string,
  at: string,
  { env, problems }: ExpandContext,
): string | undefined {
  if (placeholder.test(text)) {
    // What stands between the brackets may be the real key.
    problems.push(
      `${at}: still holds a placeholder in <>; put the real value there, without <>, or remove the key`,
    );
    return undefined;
  }
  return text.replace(variable, (_all, name: string, fallback: string | undefined) => {
    const value = env[name] === "" && fallback !== undefined ? fallback : (env[name] ?? fallback);
    if (value === undefined)
      problems.push(
        `${at}: the environment variable ${name} is not set; set it, or write \${${name}:-default}`,
      );
    return value ?? "";
  });
}
