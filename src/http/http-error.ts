import { TransientError } from "../core/errors.ts";

/**
 * What went wrong with an attempt.
 *
 * - `status`: the service responded with an error status.
 * - `deferred`: the service asked for a longer pause than `maxWaitMs`.
 * - `outage`: not sent, or not again, because the service fails all requests.
 * - `unreachable`: no connection could be made.
 * - `connection`: the connection was lost before the response.
 * - `private`: the address is one that must not be connected to.
 * - `tls`: the certificate or the handshake failed.
 * - `timeout`: a time limit passed.
 * - `broken`: the response was truncated or invalid.
 * - `html`: the response was a web page: that of a proxy, or of another address than the API's.
 * - `content`: the response was something else.
 * - `size`: the response was too large.
 */
type HttpErrorKind =
  | "status"
  | "deferred"
  | "outage"
  | "unreachable"
  | "connection"
  | "private"
  | "tls"
  | "timeout"
  | "broken"
  | "html"
  | "content"
  | "size";

interface HttpErrorDetails {
  readonly status?: number | undefined;
  /** Milliseconds that the service asks to wait before the next attempt. */
  readonly requestedWaitMs?: number | undefined;
}

/** Why an attempt failed: the `cause` of what a client throws. Contains nothing of the request. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly kind: HttpErrorKind;
  readonly status: number | undefined;
  readonly requestedWaitMs: number | undefined;

  constructor(kind: HttpErrorKind, message: string, details: HttpErrorDetails = {}) {
    super(message);
    this.kind = kind;
    this.status = details.status;
    this.requestedWaitMs = details.requestedWaitMs;
  }
}

/** The status that caused an error of a client; undefined if it has another cause. */
export function statusOf(error: unknown): number | undefined {
  return httpErrorOf(error)?.status;
}

/** Whether the response was larger than the request allowed. */
export function isTooLarge(error: unknown): boolean {
  return httpErrorOf(error)?.kind === "size";
}

/**
 * Whether a smaller request might succeed: after a timeout, a 5xx or a truncated response, unless
 * the service fails all requests.
 */
export function isOverload(error: unknown): boolean {
  if (error instanceof TransientError && error.isOutage) return false;
  const { kind, status = 0 } = httpErrorOf(error) ?? {};
  return kind === "timeout" || kind === "broken" || (kind === "status" && isServerError(status));
}

/** Whether a retry may succeed. */
export function isTransient({ kind, status = 0 }: HttpError): boolean {
  if (kind === "status") return [408, 425, 429].includes(status) || isServerError(status);
  return [
    "deferred",
    "outage",
    "unreachable",
    "connection",
    "timeout",
    "broken",
    "html",
    "content",
  ].includes(kind);
}

/** Whether an attempt that failed is repeated. */
export function isRetried(failure: HttpError): boolean {
  return isTransient(failure) && failure.kind !== "deferred" && failure.kind !== "outage";
}

/** Whether the service is unreachable or refuses all traffic. */
export function isOutage({ kind, status }: HttpError): boolean {
  return ["deferred", "outage", "unreachable"].includes(kind) || status === 429;
}

/** The HttpError that an error is or was caused by. */
export function httpErrorOf(error: unknown): HttpError | undefined {
  if (error instanceof HttpError) return error;
  return error instanceof Error && error.cause instanceof HttpError ? error.cause : undefined;
}

/** Without 501: then the service does not support this at all. */
function isServerError(status: number): boolean {
  return status >= 500 && status !== 501;
}
