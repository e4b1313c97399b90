import { endOfString, endOfValue, skipSpace, unquote } from "../../../json/text-scanner.ts";

/** With these, anybody could log in or send data in an app's name. */
const secretNames = ["salt", "checksum_salt", "api_key", "auth_token", "password"];

/**
 * Removes secrets from a JSON value at any depth, and white space between its tokens. Everything
 * else keeps its exact spelling. One pass over the text, however deep it is nested.
 */
export function stripSecrets(json: string): string {
  const parts: string[] = [];
  /** Per open container: whether it is an object, and how many members it has so far. */
  const open: { readonly isObject: boolean; members: number }[] = [];
  let at = skipSpace(json, 0);
  while (at < json.length) {
    const character = json[at] ?? "";
    const container = open.at(-1);
    if (character === "]" || character === "}") {
      open.pop();
      parts.push(character);
      at += 1;
    } else if (character === ",") at += 1;
    else {
      const start = container?.isObject === true ? startOfMember(json, at) : at;
      if (start === undefined) at = endOfMember(json, at);
      else {
        if (container && container.members > 0) parts.push(",");
        if (container) container.members += 1;
        if (start > at) parts.push(json.slice(at, endOfString(json, at)), ":");
        const isNested = json[start] === "{" || json[start] === "[";
        if (isNested) open.push({ isObject: json[start] === "{", members: 0 });
        at = isNested ? start + 1 : endOfValue(json, start);
        parts.push(json.slice(start, at));
      }
    }
    at = skipSpace(json, at);
  }
  return parts.join("");
}

/** The offset of the value of the member at this offset; undefined if it is a secret. */
function startOfMember(json: string, at: number): number | undefined {
  const name = unquote(json.slice(at, endOfString(json, at)));
  return secretNames.includes(name) ? undefined : startOfValue(json, at);
}

function endOfMember(json: string, at: number): number {
  return endOfValue(json, startOfValue(json, at));
}

function startOfValue(json: string, at: number): number {
  return skipSpace(json, skipSpace(json, endOfString(json, at)) + 1);
}

/** The JSON object of these members (values are JSON texts), without secrets. */
export function joinMembers(object: ReadonlyMap<string, string>): string {
  const members = [...object].map(([name, slice]) => `${JSON.stringify(name)}:${slice}`);
  return stripSecrets(`{${members.join(",")}}`);
}
