import { elements, members } from "../../../json/text-scanner.ts";

/** With these, anybody could log in or send data in an app's name. */
const secretNames = ["salt", "checksum_salt", "api_key", "auth_token", "password"];

/** Removes secrets from a JSON value at any depth. Everything else keeps its exact spelling. */
export function stripSecrets(json: string): string {
  const list = elements(json);
  if (list) return `[${list.map(stripSecrets).join(",")}]`;
  const object = members(json);
  return object ? joinMembers(object) : json;
}

/** The JSON object of these members (values are JSON texts), without secrets. */
export function joinMembers(object: ReadonlyMap<string, string>): string {
  const parts = [...object]
    .filter(([name]) => !secretNames.includes(name))
    .map(([name, slice]) => `${JSON.stringify(name)}:${stripSecrets(slice)}`);
  return `{${parts.join(",")}}`;
}
