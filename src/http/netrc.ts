import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../core/source.ts";
import { expandHome } from "./home.ts";

/** The netrc file that the SDK reads: the one that NETRC names, `~/.netrc`, or `~/_netrc`. */
export function netrcPath(env: Environment): string {
  const configured = env["NETRC"];
  if (configured !== undefined && configured !== "") return expandHome(configured, env);
  const home = expandHome("~", env);
  const usual = join(home, process.platform === "win32" ? "_netrc" : ".netrc");
  const paths = [join(home, ".netrc"), join(home, "_netrc")];
  return paths.find((path) => existsSync(path)) ?? usual;
}

/**
 * The password in a netrc file for the first of these machines that has one, or for `default`.
 * Undefined if there is none, or if the file is missing or unreadable.
 *
 * @see https://www.gnu.org/software/inetutils/manual/html_node/The-_002enetrc-file.html
 */
export function readNetrcPassword(path: string, machines: readonly string[]): string | undefined {
  const passwords = passwordsIn(readText(path));
  const machine = [...machines, ""].find((name) => passwords.has(name));
  return machine === undefined ? undefined : passwords.get(machine);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // Without a login there is no file, and an unreadable one is no better.
    return "";
  }
}

/** Passwords by machine; that of `default` by `""`. */
function passwordsIn(text: string): ReadonlyMap<string, string> {
  const passwords = new Map<string, string>();
  let machine: string | undefined;
  const tokens = tokenize(text);
  for (let token = tokens.next(); !token.done; token = tokens.next()) {
    if (token.value === "machine") machine = (tokens.next().value ?? "").toLowerCase();
    else if (token.value === "default") machine = "";
    else if (token.value === "password") {
      const password = tokens.next().value;
      if (machine !== undefined && password) passwords.set(machine, password);
    } else if (token.value === "login" || token.value === "account") tokens.next();
  }
  return passwords;
}

/** Words separated by white space, without their quotes; comments and macros are skipped. */
function* tokenize(text: string): Generator<string, undefined> {
  const uncommented = text
    .replace(/^\uFEFF/, "")
    .replaceAll(/^[ \t]*macdef\b[^]*?(?:\n[ \t]*\r?\n|$(?![^]))/gm, "")
    .replaceAll(/(^|\s)#.*$/gm, "$1");
  // The SDK quotes as a shell does: `machine '[::1]:8080'`.
  for (const [word, quoted, literal] of uncommented.matchAll(
    /"((?:[^"\\]|\\.)*)"|'([^'\n]*)'(?!\S)|\S+/g,
  ))
    yield literal ?? quoted?.replaceAll(/\\(.)/g, "$1") ?? word;
}
