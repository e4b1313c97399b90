import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { InternalAxiosRequestConfig } from "axios";
import { SourceError } from "../core/errors.ts";
import { askedWaitMs } from "./backoff.ts";
import { type Body, readBody } from "./body.ts";
import { Deadline, type TimeLimits } from "./deadline.ts";
import { exchange } from "./axios-transport.ts";
import { HttpFailure } from "./http-error.ts";
import { redirectOf } from "./redirect.ts";
import { serviceMessage } from "./service-message.ts";
import { shownUrl } from "./url.ts";

export interface AttemptOptions extends TimeLimits {
  readonly maxResponseBytes: number;
  readonly signal: AbortSignal;
  readonly now: () => number;
  /** Called for every request that goes out, each redirect included. */
  readonly sending: () => void;
  /** Takes secrets out of what the service says. */
  readonly redact: (text: string) => string;
}

/** An answer with a status of 2xx. */
export interface Received {
  readonly body: Body;
  readonly status: number;
  /** By name in lower case. */
  readonly headers: IncomingHttpHeaders;
}

const maxRedirects = 5;
const maxErrorBytes = 2 ** 20;

/**
 * Sends a request once and reads the whole answer. Throws an HttpFailure, a SourceError for a redirect that is not
 * followed, or the reason of the signal.
 */
export async function attempt(
  config: InternalAxiosRequestConfig,
  options: AttemptOptions,
): Promise<Received> {
  using deadline = new Deadline(options, options.signal);
  try {
    const message = await follow(config, deadline, options);
    return await receive(message, deadline, options);
  } catch (error) {
    options.signal.throwIfAborted();
    // A status is an answer, even where the time for the rest of it ran out.
    if (!(error instanceof HttpFailure && error.kind === "status"))
      deadline.signal.throwIfAborted();
    throw error;
  }
}

async function follow(
  config: InternalAxiosRequestConfig,
  deadline: Deadline,
  { sending }: AttemptOptions,
): Promise<IncomingMessage> {
  const seen = new Set<string>();
  let url = new URL(config.url ?? "");
  for (;;) {
    sending();
    const message = await exchange({ ...config, url: url.href }, deadline);
    const next = redirectOf(message, (config.method ?? "").toUpperCase(), url);
    if (!next) return message;
    seen.add(url.href);
    if (seen.has(next.href) || seen.size > maxRedirects) {
      throw new SourceError(`GET ${shownUrl(url)}: redirects in a circle, or too often`);
    }
    url = next;
  }
}

async function receive(
  message: IncomingMessage,
  deadline: Deadline,
  { maxResponseBytes, now, redact }: AttemptOptions,
): Promise<Received> {
  const heard = (): void => {
    deadline.heard();
  };
  const { statusCode: status = 0, headers } = message;
  if (status >= 200 && status < 300) {
    const body = await readBody(message, { maxBytes: maxResponseBytes, heard });
    return { status, headers, body };
  }
  const body = await readBody(message, { maxBytes: maxErrorBytes, heard }).catch(() => undefined);
  const said = redact(serviceMessage(body?.text ?? ""));
  throw new HttpFailure("status", said === "" ? `${status}` : `${status}: ${said}`, {
    status,
    askedWaitMs: askedWaitMs(status, headers, now()),
  });
}
