import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Environment } from "../core/source.ts";

/** Where variables are looked up. */
export interface ExpandContext {
  readonly env: Environment;
  /** Problems are appended here. */
  readonly problems: string[];
  /** The folder that paths in `${file:…}` are relative to: that of the configuration. */
  readonly folder: string;
  /** Whether a variable that is not set counts as empty, because its value is not needed. */
  readonly isOffline?: boolean;
}

/**
 * Replaces `${NAME}` and `${NAME:-default}` with environment variables and `${file:PATH}` with the
 * contents of a file, in nested values too. Members that are empty afterwards are left out. `path`
 * is where the value stands; problems start with it.
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

const variable = /\$\{(?:file:([^}]+)|([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?)\}/g;
const placeholder = /^\s*<[^<>]*>\s*$/;
/** A variable as a shell writes it. */
const shellVariable = /^\$([A-Z_]\w*)$/;

function expandText(text: string, path: string, context: ExpandContext): string | undefined {
  const { problems } = context;
  const [, name] = shellVariable.exec(text) ?? [];
  if (name !== undefined) {
    problems.push(`${path}: to use the environment variable, write \${${name}}`);
    return undefined;
  }
  if (placeholder.test(text)) {
    // Not quoted: someone may have put the real key between the brackets.
    problems.push(
      `${path}: still a placeholder in <>; replace it with the real value, without <>, or remove the key`,
    );
    return undefined;
  }
  return text.replace(variable, (...[, file, name = "", fallback]: (string | undefined)[]) =>
    file === undefined ? lookUp({ name, fallback }, path, context) : readText(file, path, context),
  );
}

function lookUp(
  { name, fallback }: { readonly name: string; readonly fallback: string | undefined },
  path: string,
  { env, problems, isOffline = false }: ExpandContext,
): string {
  const value = env[name] === "" && fallback !== undefined ? fallback : (env[name] ?? fallback);
  if (value === undefined && !isOffline)
    problems.push(
      `${path}: the environment variable ${name} is not set; set it, or write \${${name}:-default}`,
    );
  return value ?? "";
}

/** The contents of a file, such as a secret that a container is given, without its last newline. */
function readText(
  file: string,
  path: string,
  { problems, folder, isOffline = false }: ExpandContext,
): string {
  try {
    return readFileSync(resolve(folder, file), "utf8").replace(/\r?\n$/, "");
  } catch (error) {
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    if (!isOffline)
      problems.push(`${path}: the file ${file} cannot be read (${readErrors[code] ?? code})`);
    return "";
  }
}

const readErrors: Readonly<Record<string, string>> = {
  ENOENT: "there is none",
  EACCES: "no permission",
  EISDIR: "it is a directory",
};
