import { withCallerMessage } from "../core/caller-message.ts";
import type { IncomingMessage } from "node:http";
import { SourceError } from "../core/errors.ts";
import { redactedUrl } from "./url.ts";

const redirects = new Set([301, 302, 303, 307, 308]);

/**
 * The target of a redirect; undefined for any other response. Throws a SourceError unless it is a
 * GET that stays on its host: the key is sent along.
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
    throw redirectError(
      `${where}: redirects${whereTo}, but only GET requests follow redirects; check base_url`,
    );
  }
  if (!to) throw redirectError(`${where}: redirects to an invalid URL`);
  if (to.origin === from.origin) return to;
  throw redirectError(
    `${where}: redirects to another host (${to.origin}); the key is not sent there; check base_url`,
  );
}

/** The error for a redirect that is not followed. */
export function redirectError(message: string): SourceError {
  const callerMessage = "the service redirects in a way that is not followed; check base_url";
  return withCallerMessage(new SourceError(message), callerMessage);
}
