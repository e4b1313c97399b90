import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { InternalAxiosRequestConfig } from "axios";
import type { AnswerMemory, AnswerShare } from "./answer-memory.ts";
import { requestedWaitMs } from "./backoff.ts";
import { type Body, readBody } from "./body.ts";
import type { BudgetReader } from "./budget.ts";
import { Deadline, type TimeLimits } from "./deadline.ts";
import { sendRequest } from "./axios-transport.ts";
import { HttpError } from "./http-error.ts";
import { redirectError, redirectTarget } from "./redirect.ts";
import { serviceMessage } from "./service-message.ts";
import { redactedUrl } from "./url.ts";

interface SendOnceOptions extends TimeLimits {
  readonly maxResponseBytes: number;
  readonly signal: AbortSignal;
  readonly now: () => number;
  /** Called for every request that is sent, redirects included. */
  readonly onSend: () => void;
  /** Called with the head of the response, once its body has arrived, whatever its status. */
  readonly onResponse: (status: number, headers: IncomingHttpHeaders) => void;
  readonly budgets: BudgetReader;
  /** Where the memory of the response is counted while it is received. */
  readonly share: AnswerShare;
  /** Where it may be held. */
  readonly answerMemory: AnswerMemory;
  /** Masks secrets in the service's messages. */
  readonly redact: (text: string) => string;
}

/** A response with a status of 2xx. */
interface OkResponse {
  readonly body: Body;
  readonly status: number;
  /** By lower-case name. */
  readonly headers: IncomingHttpHeaders;
}

const maxRedirects = 5;
const maxErrorBytes = 2 ** 20;

/**
 * Sends a request once and reads the whole response. Throws an HttpError, a SourceError for a
 * redirect that is not followed, or the reason of the signal.
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
    // An error status counts, even if the deadline passed while its body was read.
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
      throw redirectError(`GET ${redactedUrl(url)}: redirects in a loop or too often`);
    }
    url = next;
  }
}

async function readResponse(
  message: IncomingMessage,
  deadline: Deadline,
  { maxResponseBytes, now, redact, onResponse, budgets, share, answerMemory }: SendOnceOptions,
): Promise<OkResponse> {
  const onChunk = (): void => {
    deadline.bytesReceived();
  };
  const takeMemory = (bytes: number): Promise<void> | undefined => {
    const wait = share.take(bytes, deadline.signal);
    return wait && deadline.whilePaused(wait);
  };
  const limits = { onChunk, takeMemory, answerMemory };
  const { statusCode: status = 0, headers } = message;
  if (status >= 200 && status < 300) {
    const body = await readBody(message, { ...limits, maxBytes: maxResponseBytes });
    onResponse(status, headers);
    return { status, headers, body };
  }
  const body = await readBody(message, { ...limits, maxBytes: maxErrorBytes }).catch(
    () => undefined,
  );
  onResponse(status, headers);
  const reason = serviceMessage(body?.text ?? "", redact);
  throw new HttpError("status", reason === "" ? `${status}` : `${status}: ${reason}`, {
    status,
    requestedWaitMs: requestedWaitMs({ status, headers, budgets: budgets(headers, now()) }, now()),
  });
}
