import type { ClientConfig } from "pg";
import { ConfigError } from "../../core/errors.ts";

/** A parsed `postgres:` URL. */
export interface Address {
  /** The URL without its password. */
  readonly label: string;
  /** For pg. Contains the password. */
  readonly config: ClientConfig;
  readonly schema: string;
}

/**
 * Parses a URL and removes the parameters that pg does not know. TLS parameters mean the same as in
 * libpq: `sslmode=require` encrypts without verifying the certificate. Throws a ConfigError.
 */
export function parseAddress(text: string): Address {
  if (!isUnambiguous(text)) {
    throw new ConfigError(
      'destination: expected postgres://user:password@host/database; write "@", "/", "?", "#" and "%" in a password as %40, %2F, %3F, %23 and %25',
    );
  }
  const url = new URL(text);
  const schema = url.searchParams.get("schema") ?? "public";
  if (schema === "")
    throw new ConfigError("destination: ?schema= is empty; name one, or leave it out");
  url.searchParams.delete("schema");
  if (url.searchParams.has("sslmode")) url.searchParams.set("uselibpqcompat", "true");
  const redacted = new URL(text);
  redacted.password = "";
  for (const name of [...redacted.searchParams.keys()]) {
    if (name !== "schema") redacted.searchParams.delete(name);
  }
  return { label: redacted.href, config: { connectionString: url.href }, schema };
}

/** Whether no part of the password can have been parsed as another part, which would be logged. */
function isUnambiguous(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { username, password, pathname, search, hash } = new URL(text);
  try {
    decodeURIComponent(username + password + pathname);
  } catch {
    return false;
  }
  return text.split("@").length <= 2 && !(pathname + search + hash).includes("@");
}
