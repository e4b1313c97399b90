import {
  getNodeValue,
  parseTree,
  printParseErrorCode,
  type Node,
  type ParseError,
} from "jsonc-parser";
import { ConfigError } from "../core/errors.ts";

/** Settings by key, before they are checked. */
export type Settings = Readonly<Record<string, unknown>>;

/**
 * Parses JSON with comments and trailing commas.
 *
 * @throws ConfigError that never quotes the text: it may contain a key
 */
export function parseSettings(text: string, file: string): Settings {
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { allowTrailingComma: true });
  const other = otherFormat(text);
  if (other !== undefined) throw new ConfigError(`${file}: ${other}`);
  const [first] = errors;
  if (first) throw new ConfigError(`${file}: ${syntaxError(text, first)}`);
  if (tree?.type !== "object")
    throw new ConfigError(`${file}: expected a JSON object, got ${tree?.type ?? "nothing"}`);
  const twice = duplicateOf(tree);
  if (twice !== undefined)
    throw new ConfigError(`${file}: ${twice}: given twice; remove one of them`);
  return getNodeValue(tree) as Settings;
}

/** What is there instead of JSON, if that is plain to see. */
function otherFormat(text: string): string | undefined {
  const start = text.trimStart();
  if (start === "") return "is empty; expected a JSON object such as {}";
  if (/^(?:---|#|[\w-]+\s*:(?:\s|$))/.test(start))
    return "looks like YAML; write it as JSON: { } around it and double quotes around names and text";
  return undefined;
}

function syntaxError(text: string, { error, offset }: ParseError): string {
  const lines = text.slice(0, offset).split("\n");
  const position = `line ${lines.length}, column ${(lines.at(-1) ?? "").length + 1}`;
  if (text.trimEnd().length <= offset && printParseErrorCode(error) === "CloseBraceExpected")
    return `${position}: not JSON: a closing } is missing`;
  if (text[offset] === "'") return `${position}: not JSON: use double quotes instead of '`;
  return `${position}: not JSON (${spacedWords(printParseErrorCode(error))})`;
}

/** `CommaExpected` as `comma expected`. */
function spacedWords(code: string): string {
  return code.replace(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase();
}

/** A key that an object of the file has twice: only the last one would count. */
function duplicateOf({ type, children = [] }: Node): string | undefined {
  const names = children.map(({ children: [name] = [] }) => String(name?.value));
  const twice =
    type === "object" ? names.find((name, at) => names.indexOf(name) !== at) : undefined;
  if (twice !== undefined) return twice;
  for (const child of children) {
    const value = type === "object" ? child.children?.[1] : child;
    const inner = value && duplicateOf(value);
    if (inner !== undefined) return inner;
  }
  return undefined;
}
