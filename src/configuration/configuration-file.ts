import { access, constants, readFile, realpath } from "node:fs/promises";
import { dirname } from "node:path";
import { getNodeValue, parseTree, printParseErrorCode, type ParseError } from "jsonc-parser";
import { ConfigError } from "../core/errors.ts";
import { replaceFile } from "../core/replace-file.ts";
import type { Environment } from "../core/source.ts";

/** Settings by key, before they are checked. */
export type Settings = Readonly<Record<string, unknown>>;

/** The file that is read if none is named. */
export const defaultConfigPath = "configuration.json";

/**
 * Reads the settings of a JSON file; undefined if it does not exist. Throws a ConfigError that
 * never quotes the file.
 */
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
  EISDIR: "is a directory; name a file",
};

/** Throws a ConfigError if the file could not be written. */
export async function checkWritable(file: string): Promise<void> {
  try {
    await access(`${dirname(file)}/.`, constants.W_OK);
  } catch (cause) {
    throw new ConfigError(
      `${file}: its directory does not exist or is not writable; create it, or pass --config FILE`,
      { cause },
    );
  }
}

/** Replaces a JSON file atomically, whatever its mode was, by one that only its owner can read. */
export async function writeSettings(file: string, settings: Settings): Promise<void> {
  const target = await realpath(file).catch(() => file);
  await replaceFile(target, `${JSON.stringify(settings, null, 2)}\n`, { mode: 0o600 });
}

/** Parses JSON. Error messages never quote the text: it may contain a key. */
function parseSettings(text: string, file: string): Settings {
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { disallowComments: true });
  const [first] = errors;
  if (first) {
    const lines = text.slice(0, first.offset).split("\n");
    const position = `line ${lines.length}, column ${(lines.at(-1) ?? "").length + 1}`;
    throw new ConfigError(
      `${file}: ${position}: not JSON (${spacedWords(printParseErrorCode(first.error))})`,
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
 * Replaces `${NAME}` and `${NAME:-default}` with environment variables, in nested values too.
 * Members that are empty afterwards are left out. `path` is where the value stands; problems start
 * with it.
 */
export function expandVariables(value: unknown, path: string, context: ExpandContext): unknown {
  if (typeof value === "string") return expandText(value, path, context);
  if (Array.isArray(value))
    return value.map((entry, index) => expandVariables(entry, `${path}.${index}`, context));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(
    ([key, entry]) =>
      [key, expandVariables(entry, path === "" ? key : `${path}.${key}`, context)] as const,
  );
  return Object.fromEntries(entries.filter(([, entry]) => entry !== undefined && entry !== ""));
}

interface ExpandContext {
  readonly env: Environment;
  /** Problems are appended here. */
  readonly problems: string[];
}

const variable = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;
const placeholder = /^\s*<[^<>]*>\s*$/;

function expandText(
  text: string,
  path: string,
  { env, problems }: ExpandContext,
): string | undefined {
  if (placeholder.test(text)) {
    // Not quoted: someone may have put the real key between the brackets.
    problems.push(
      `${path}: still a placeholder in <>; replace it with the real value, without <>, or remove the key`,
    );
    return undefined;
  }
  return text.replace(variable, (_all, name: string, fallback: string | undefined) => {
    const value = env[name] === "" && fallback !== undefined ? fallback : (env[name] ?? fallback);
    if (value === undefined)
      problems.push(
        `${path}: the environment variable ${name} is not set; set it, or write \${${name}:-default}`,
      );
    return value ?? "";
  });
}
