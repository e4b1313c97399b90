import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/**
 * The password in a netrc file for a host, or for `default`; `wandb login` saves the API key there.
 * Undefined if there is none, or the file is missing or unreadable.
 *
 * @see https://www.gnu.org/software/inetutils/manual/html_node/The-_002enetrc-file.html
 */
export function readNetrcPassword(host: string, path: string = netrcPath()): string | undefined {
  try {
    return findPassword(readFileSync(path, "utf8"), host);
  } catch {
    // Without a login there is no file, and an unreadable one is no better.
    return undefined;
  }
}

function netrcPath(): string {
  const configured = process.env["NETRC"];
  if (configured !== undefined && configured !== "") return configured;
  return join(homedir(), process.platform === "win32" ? "_netrc" : ".netrc");
}

function findPassword(text: string, host: string): string | undefined {
  const passwords = new Map<string, string>();
  let machine: string | undefined;
  const tokens = tokenize(text);
  for (let token = tokens.next(); !token.done; token = tokens.next()) {
    if (token.value === "machine") machine = tokens.next().value ?? "";
    else if (token.value === "default") machine = "";
    else if (token.value === "password") {
      const password = tokens.next().value;
      if (machine !== undefined && password) passwords.set(machine, password);
    } else if (token.value === "login" || token.value === "account") tokens.next();
  }
  return passwords.get(host) ?? passwords.get("");
}

/** Words separated by white space, without their quotes; comments and macros are skipped. */
function* tokenize(text: string): Generator<string, undefined> {
  const uncommented = text
    .replaceAll(/^\s*macdef\b[^]*?(?:\n[ \t]*\r?\n|$(?![^]))/gm, "")
    .replaceAll(/(^|\s)#.*$/gm, "$1");
  for (const [word] of uncommented.matchAll(/"(?:[^"\\]|\\.)*"|\S+/g)) {
    yield word.startsWith('"') ? word.slice(1, -1).replaceAll(/\\(.)/g, "$1") : word;
  }
}
