/**
 * What went wrong with one attempt of a request: the service answered with an error status, or wants no request for longer than it
 * is waited for; no connection could be made, or it broke before the answer; the certificate or the handshake failed; a time limit
 * passed; the answer broke off; it is something else than was asked for, such as a page of a proxy; it is too large.
 */
export type HttpErrorKind =
  | "status"
  | "put off"
  | "unreachable"
  | "connection"
  | "tls"
  | "timeout"
  | "broken"
  | "content"
  | "size";

export interface HttpErrorDetails {
  readonly status?: number | undefined;
  /** Milliseconds that the service asks to wait before the next attempt. */
  readonly requestedWaitMs?: number | undefined;
}

/** Why an attempt failed. It is the `cause` of what a client throws, and holds nothing of the request. */
export class HttpError extends Error {
  override readonly name = "HttpFailure";
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

/** The status that the service answered with, where an error of a client comes from one. */
export function statusOf(error: unknown): number | undefined {
  return httpErrorOf(error)?.status;
}

/** Whether the answer was larger than the request allowed. */
export function isTooLarge(error: unknown): boolean {
  return httpErrorOf(error)?.kind === "size";
}

/** Whether the service might manage if it were asked for less: a time-out, a 5xx, or an answer that broke off. */
export function isOverload(error: unknown): boolean {
  const { kind, status = 0 } = httpErrorOf(error) ?? {};
  return kind === "timeout" || kind === "broken" || (kind === "status" && status >= 500);
}

/** Whether the same request may succeed a moment later. */
export function isTransient({ kind, status = 0 }: HttpError): boolean {
  // 501: the service does not do this at all.
  if (kind === "status")
    return [408, 425, 429].includes(status) || (status >= 500 && status !== 501);
  return ["put off", "unreachable", "connection", "timeout", "broken", "content"].includes(kind);
}

/** Whether the service was not there, or takes no requests at all, whatever they are about. */
export function isOutage({ kind, status }: HttpError): boolean {
  return kind === "unreachable" || kind === "put off" || status === 429;
}

/** The failure that an error is, or comes from. */
export function httpErrorOf(error: unknown): HttpError | undefined {
  if (error instanceof HttpError) return error;
  return error instanceof Error && error.cause instanceof HttpError ? error.cause : undefined;
}
