import { elements, members } from "../../../json/text-scanner.ts";

/** Members that are nobody's business: with them one could send data in the name of an app, or log in. */
const secretNames = ["salt", "checksum_salt", "api_key", "auth_token", "password"];

/** A JSON value as it was spelled, without the secrets in its objects, at any depth. */
export function stripSecrets(json: string): string {
  const list = elements(json);
  if (list) return `[${list.map(stripSecrets).join(",")}]`;
  const object = members(json);
  return object ? joinMembers(object) : json;
}

/** An object of these members, each a slice of JSON, without the secrets in it. */
export function joinMembers(object: ReadonlyMap<string, string>): string {
  const parts = [...object]
    .filter(([name]) => !secretNames.includes(name))
    .map(([name, slice]) => `${JSON.stringify(name)}:${stripSecrets(slice)}`);
  return `{${parts.join(",")}}`;
}
