/**
 * What went wrong with one attempt of a request: the service answered with an error status, or wants no request for longer than it
 * is waited for; no connection could be made, or it broke before the answer; the certificate or the handshake failed; a time limit
 * passed; the answer broke off; it is something else than was asked for, such as a page of a proxy; it is too large.
 */
export type FailureKind =
  | "status"
  | "put off"
  | "unreachable"
  | "connection"
  | "tls"
  | "timeout"
  | "broken"
  | "content"
  | "size";

export interface FailureDetails {
  readonly status?: number | undefined;
  /** Milliseconds that the service asks to wait before the next attempt. */
  readonly askedWaitMs?: number | undefined;
}

/** Why an attempt failed. It is the `cause` of what a client throws, and holds nothing of the request. */
export class HttpFailure extends Error {
  override readonly name = "HttpFailure";
  readonly kind: FailureKind;
  readonly status: number | undefined;
  readonly askedWaitMs: number | undefined;

  constructor(kind: FailureKind, message: string, details: FailureDetails = {}) {
    super(message);
    this.kind = kind;
    this.status = details.status;
    this.askedWaitMs = details.askedWaitMs;
  }
}

/** The status that the service answered with, where an error of a client comes from one. */
export function statusOf(error: unknown): number | undefined {
  return failureOf(error)?.status;
}

/** Whether the answer was larger than the request allowed. */
export function isTooLarge(error: unknown): boolean {
  return failureOf(error)?.kind === "size";
}

/** Whether the service might manage if it were asked for less: a time-out, a 5xx, or an answer that broke off. */
export function isOverload(error: unknown): boolean {
  const { kind, status = 0 } = failureOf(error) ?? {};
  return kind === "timeout" || kind === "broken" || (kind === "status" && status >= 500);
}

/** Whether the same request may succeed a moment later. */
export function isPassing({ kind, status = 0 }: HttpFailure): boolean {
  // 501: the service does not do this at all.
  if (kind === "status")
    return [408, 425, 429].includes(status) || (status >= 500 && status !== 501);
  return ["put off", "unreachable", "connection", "timeout", "broken", "content"].includes(kind);
}

/** Whether the service was not there, or takes no requests at all, whatever they are about. */
export function isOutage({ kind, status }: HttpFailure): boolean {
  return kind === "unreachable" || kind === "put off" || status === 429;
}

/** The failure that an error is, or comes from. */
export function failureOf(error: unknown): HttpFailure | undefined {
  if (error instanceof HttpFailure) return error;
  return error instanceof Error && error.cause instanceof HttpFailure ? error.cause : undefined;
}
