type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The name to call this program by again, as messages print it: through npx if npx has found it,
 * which without `--no-install` might run somebody else's package in another folder.
 */
export function invokedName(name: string, env: Environment = process.env): string {
  const [command = ""] = (env["npm_lifecycle_script"] ?? "").split(" ");
  const isNpx = env["npm_lifecycle_event"] === "npx" && command.replaceAll(/['"]/g, "") === name;
  return isNpx ? `npx --no-install ${name}` : name;
}
