import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { InternalAxiosRequestConfig } from "axios";
import { SourceError } from "../core/errors.ts";
import { requestedWaitMs } from "./backoff.ts";
import { type Body, readBody } from "./body.ts";
import { Deadline, type TimeLimits } from "./deadline.ts";
import { sendRequest } from "./axios-transport.ts";
import { HttpError } from "./http-error.ts";
import { redirectTarget } from "./redirect.ts";
import { serviceMessage } from "./service-message.ts";
import { redactedUrl } from "./url.ts";

export interface SendOnceOptions extends TimeLimits {
  readonly maxResponseBytes: number;
  readonly signal: AbortSignal;
  readonly now: () => number;
  /** Called for every request that goes out, each redirect included. */
  readonly onSend: () => void;
  /** Takes secrets out of what the service says. */
  readonly redact: (text: string) => string;
}

/** An answer with a status of 2xx. */
export interface OkResponse {
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
export async function sendOnce(
  config: InternalAxiosRequestConfig,
  options: SendOnceOptions,
): Promise<OkResponse> {
  using deadline = new Deadline(options, options.signal);
  try {
    const message = await followRedirects(config, deadline, options);
    return await readResponse(message, deadline, options);
  } catch (error) {
    options.signal.throwIfAborted();
    // A status is an answer, even where the time for the rest of it ran out.
    if (!(error instanceof HttpError && error.kind === "status")) deadline.signal.throwIfAborted();
    throw error;
  }
}

async function followRedirects(
  config: InternalAxiosRequestConfig,
  deadline: Deadline,
  { onSend }: SendOnceOptions,
): Promise<IncomingMessage> {
  const seen = new Set<string>();
  let url = new URL(config.url ?? "");
  for (;;) {
    onSend();
    const message = await sendRequest({ ...config, url: url.href }, deadline);
    const next = redirectTarget(message, (config.method ?? "").toUpperCase(), url);
    if (!next) return message;
    seen.add(url.href);
    if (seen.has(next.href) || seen.size > maxRedirects) {
      throw new SourceError(`GET ${redactedUrl(url)}: redirects in a circle, or too often`);
    }
    url = next;
  }
}

async function readResponse(
  message: IncomingMessage,
  deadline: Deadline,
  { maxResponseBytes, now, redact }: SendOnceOptions,
): Promise<OkResponse> {
  const heard = (): void => {
    deadline.bytesReceived();
  };
  const { statusCode: status = 0, headers } = message;
  if (status >= 200 && status < 300) {
    const body = await readBody(message, { maxBytes: maxResponseBytes, onChunk: heard });
    return { status, headers, body };
  }
  const body = await readBody(message, { maxBytes: maxErrorBytes, onChunk: heard }).catch(
    () => undefined,
  );
  const said = redact(serviceMessage(body?.text ?? ""));
  throw new HttpError("status", said === "" ? `${status}` : `${status}: ${said}`, {
    status,
    requestedWaitMs: requestedWaitMs(status, headers, now()),
  });
}
