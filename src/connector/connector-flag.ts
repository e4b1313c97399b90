import { ConfigError } from "../core/errors.ts";

const flag = "--connector";

/**
 * The values of `--connector`, and the command line without them. They must be loaded before the
 * rest is parsed, because they determine which commands exist.
 */
export function extractConnectorFlags(args: readonly string[]): {
  readonly names: readonly string[];
  readonly rest: readonly string[];
} {
  const names: string[] = [];
  const rest: string[] = [];
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index] ?? "";
    if (arg.startsWith(`${flag}=`)) names.push(arg.slice(flag.length + 1));
    else if (arg === flag) names.push(args[(index += 1)] ?? "");
    else rest.push(arg);
  }
  if (names.some((name) => name === "" || name.startsWith("--")))
    throw new ConfigError(`${flag}: expected a file or a package, such as ./my-connector.js`);
  return { names, rest };
}
