import { ConfigError } from "../core/errors.ts";

const flag = "--connector";

/** The values of `--connector`, and the command line without them: what the other words mean depends on them. */
export function extractConnectorFlags(args: readonly string[]): {
  readonly names: readonly string[];
  readonly rest: readonly string[];
} {
  const names: string[] = [];
  const rest: string[] = [];
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? "";
    if (arg.startsWith(`${flag}=`)) names.push(arg.slice(flag.length + 1));
    else if (arg === flag) names.push(args[(at += 1)] ?? "");
    else rest.push(arg);
  }
  if (names.some((name) => name === "" || name.startsWith("--")))
    throw new ConfigError(`${flag}: expected a file or a package, such as ./my-connector.js`);
  return { names, rest };
}
