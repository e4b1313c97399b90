import { stat } from "node:fs/promises";
import type { Settings } from "./parse-settings.ts";

/** Bits of a file's mode. */
const readableByOthers = 0o044;
const writableByOthers = 0o022;

/**
 * What to tell the owner of a configuration file that others can change, or that they can read
 * although it holds a secret itself, not only the name of a variable.
 */
export async function exposureOf(
  path: string,
  { settings, secretKeys }: { readonly settings: Settings; readonly secretKeys: readonly string[] },
): Promise<string | undefined> {
  const mode = (await stat(path).catch(() => undefined))?.mode ?? 0;
  // Windows has no such modes.
  if (process.platform === "win32") return undefined;
  const remedy = "let nobody else do so (chmod 600)";
  if ((mode & writableByOthers) !== 0)
    return `${path}: can be changed by others, who could direct your data and keys elsewhere; ${remedy}`;
  if ((mode & readableByOthers) === 0 || !holdsSecret(settings, secretKeys)) return undefined;
  return `${path}: can be read by others, and holds a secret; ${remedy}`;
}

function holdsSecret(settings: Settings, secretKeys: readonly string[]): boolean {
  return Object.entries(settings).some(
    ([key, value]) =>
      typeof value === "string" &&
      value.trim() !== "" &&
      // A variable, which is looked up elsewhere.
      !value.includes("${") &&
      (secretKeys.includes(key) || hasPassword(value)),
  );
}

/** Whether it is a URL with a password: of a login, or among the parameters of a database. */
function hasPassword(text: string): boolean {
  return /^[a-z+]+:\/\/(?:[^:@/?#]*:[^@]+@|[^?]*\?(?:.*&)?(?:ssl)?password=.)/i.test(text);
}
