import type { GarbleOptions } from "../garble.ts";

/** A message that gives the key away, in one of the forms in which servers return what they got. */
export function echo({ random, secret }: Omit<GarbleOptions, "exchange">): string {
  const form = random.pick([
    secret,
    secret.toUpperCase(),
    `Bearer ${secret}`,
    encodeURIComponent(secret),
    Buffer.from(`api:${secret}`).toString("base64"),
    `https://user:${secret}@host/?api_key=${secret}`,
  ]);
  // A message is shortened: the key must not be masked only where it is whole.
  return `${"invalid ".repeat(random.between(0, 45))}key ${form}`;
}

/** The same as the body of an error. */
export function echoBody(options: Omit<GarbleOptions, "exchange">): string {
  const text = echo(options);
  return options.random.pick([
    text,
    JSON.stringify({ message: text }),
    JSON.stringify({ errors: [{ message: text, path: [text] }] }),
    JSON.stringify({ result: text }),
    `{"code":401,"message":"${text}`,
    `<html><title>${text}</title><p>${text}</p></html>`,
    `<html>${"<".repeat(20_000)}${text}`,
  ]);
}
