import { status } from "@grpc/grpc-js";
import { ConfigError, isOperational, messageOf, SourceError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";

/** How a call ends that went wrong. */
export interface CallError {
  readonly code: status;
  readonly details: string;
}

export interface CallErrorContext {
  readonly log: Log;
  readonly redact: (text: string) => string;
  readonly signal: AbortSignal;
}

/** The status that an error stands for, by who acts; it is logged, once. A bug shows its stack in the log only. */
export function toCallError(error: unknown, { log, redact, signal }: CallErrorContext): CallError {
  if (signal.aborted) {
    const details = messageOf(signal.reason);
    log.warning(`${details}; the next sync goes on from the last checkpoint`);
    return { code: status.CANCELLED, details };
  }
  const details = redact(messageOf(error));
  if (!isOperational(error)) {
    log.severe(`this is a bug in rivulet: ${(error as Error | undefined)?.stack ?? details}`);
    return { code: status.INTERNAL, details };
  }
  log.severe(details);
  if (error instanceof ConfigError) return { code: status.INVALID_ARGUMENT, details };
  return { code: error instanceof SourceError ? status.INTERNAL : status.UNAVAILABLE, details };
}
