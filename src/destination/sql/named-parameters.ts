import { ConfigError } from "../../core/errors.ts";
import { closestHint } from "../../core/suggestion.ts";

/** A string, a quoted name, a comment, a cast, or a parameter with its name. */
const token =
  /[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w*)\$[^]*?\$\1\$|--[^\n]*|\/\*[^]*?\*\/|::|:([A-Za-z_]\w*)/g;

/** A query whose parameters have become the dialect's own. */
export interface NumberedQuery {
  readonly text: string;
  /** The values, in the order of their numbers. */
  readonly values: readonly string[];
  /** Where a place of `text` is in the original. Both count from 0. */
  originalOffset(offset: number): number;
}

/**
 * Replaces each `:name` by what `placeholder` makes of its number, from 1, and its name. Strings,
 * quoted names and comments stay. Throws a ConfigError if a name has no value, or a value no name.
 */
export function numberParameters(
  text: string,
  parameters: ReadonlyMap<string, string>,
  placeholder: (number: number, name: string) => string,
): NumberedQuery {
  const names: string[] = [];
  const replaced: { readonly end: number; readonly shift: number }[] = [];
  const numbered = text.replace(token, (found: string, ...rest: unknown[]) => {
    const [, name, offset] = rest as [string | undefined, string | undefined, number];
    if (name === undefined) return found;
    if (!parameters.has(name)) throw missing(name, parameters);
    if (!names.includes(name)) names.push(name);
    const replacement = placeholder(names.indexOf(name) + 1, name);
    const before = replaced.at(-1)?.shift ?? 0;
    const shift = before + found.length - replacement.length;
    replaced.push({ end: offset + found.length - shift, shift });
    return replacement;
  });
  const unused = [...parameters.keys()].find((name) => !names.includes(name));
  if (unused !== undefined) throw unusedError(unused, names);
  return {
    text: numbered,
    values: names.map((name) => parameters.get(name) ?? ""),
    originalOffset: (offset) =>
      offset + (replaced.findLast(({ end }) => end <= offset)?.shift ?? 0),
  };
}

function missing(name: string, parameters: ReadonlyMap<string, string>): ConfigError {
  const hint = closestHint(name, [...parameters.keys()]);
  return new ConfigError(`query: no value for :${name}; add -p ${name}=VALUE${hint}`);
}

function unusedError(name: string, names: readonly string[]): ConfigError {
  const hint = closestHint(name, names);
  return new ConfigError(`-p ${name}: the query has no :${name}; leave it out${hint}`);
}
