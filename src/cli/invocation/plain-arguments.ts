/** The arguments in the forms that the parser understands: it takes `-` for an argument. */
export function plainArguments(given: readonly string[]): readonly string[] {
  const args = given[0] === "version" ? ["--version", ...given.slice(1)] : given;
  return args.flatMap((arg, index) => {
    if (arg === "-" && isConfig(args[index - 1])) return [];
    return isConfig(arg) && args[index + 1] === "-" ? ["--config=-"] : [arg];
  });
}

function isConfig(arg: string | undefined): boolean {
  return arg === "--config" || arg === "-c";
}
