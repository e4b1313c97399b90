import type { IncomingMessage } from "node:http";
import { SourceError } from "../core/errors.ts";
import { redactedUrl } from "./url.ts";

const redirects = new Set([301, 302, 303, 307, 308]);

/**
 * Where an answer sends us on to; undefined where it is no redirect. Only a GET is sent on, and only to its own host, because
 * the key goes along.
 */
export function redirectTarget(
  message: IncomingMessage,
  method: string,
  from: URL,
): URL | undefined {
  const { location } = message.headers;
  if (!redirects.has(message.statusCode ?? 0) || location === undefined) return undefined;
  message.destroy();
  const where = `${method} ${redactedUrl(from)}`;
  const to = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (method !== "GET") {
    const whereTo = to && to.origin !== from.origin ? ` to ${to.origin}` : "";
    throw new SourceError(
      `${where}: redirects${whereTo}, and only a GET may be sent on; check base_url`,
    );
  }
  if (!to) throw new SourceError(`${where}: redirects to no URL`);
  if (to.origin === from.origin) return to;
  throw new SourceError(
    `${where}: redirects to another host (${to.origin}); the key is not sent there; check base_url`,
  );
}
