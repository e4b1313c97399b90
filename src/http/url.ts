import { withCallerMessage } from "../core/caller-message.ts";
import { ConfigError, SourceError } from "../core/errors.ts";
import { trimEnd } from "../core/trim-end.ts";

type QueryValue = string | number | boolean;

/** Request parameters; undefined ones are omitted, an array becomes one parameter per element. */
export type Query = Readonly<Record<string, QueryValue | readonly QueryValue[] | undefined>>;

/** The URL of a path below the base URL, or of an absolute URL on the same origin. */
export function urlOf(baseUrl: string, path: string, query: Query = {}): URL {
  const url = /^[a-z][a-z0-9+.-]*:/i.test(path)
    ? resolveSameOrigin(baseUrl, path)
    : parse(`${trimEnd(baseUrl, "/")}/${path.replace(/^\/+/, "")}`);
  for (const [name, value] of toSearchParams(query)) url.searchParams.append(name, value);
  return url;
}

/** The parameters, encoded for a query or a form body. */
export function toSearchParams(query: Query): URLSearchParams {
  const search = new URLSearchParams();
  for (const [name, values] of Object.entries(query)) {
    for (const value of [values].flat()) {
      if (value !== undefined) search.append(name, String(value));
    }
  }
  return search;
}

/**
 * Resolves a link against the URL of the page it is on, whose login it keeps. Throws a SourceError
 * if it leads to another origin.
 */
export function resolveSameOrigin(base: string, link: string): URL {
  const from = parse(base);
  if (!URL.canParse(link, from.href)) {
    throw new SourceError(`${redactedUrl(from)}: the next link is not a valid URL`);
  }
  const url = new URL(link, from);
  if (url.origin === from.origin) {
    url.username = from.username;
    url.password = from.password;
    return url;
  }
  throw new SourceError(
    `${redactedUrl(from)}: the next link leads to another host (${url.host || url.protocol}); the key is not sent there`,
  );
}

/** A URL for messages: without user, password, query and fragment. */
export function redactedUrl(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

/** `host:port`, with the default port if the URL has none. */
export function hostAndPort(url: URL): string {
  return `${url.hostname}:${url.port || (url.protocol === "https:" ? "443" : "80")}`;
}

function parse(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol)) return url;
  // The text is not quoted: it may contain a password.
  throw withCallerMessage(new ConfigError("base_url: expected a URL such as https://host"));
}
