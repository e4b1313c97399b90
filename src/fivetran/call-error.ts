import { callerMessageOf } from "../core/caller-message.ts";
import { status } from "@grpc/grpc-js";
import { ConfigError, isOperational, messageOf, SourceError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";

/** The gRPC status of a failed call. */
export interface CallError {
  readonly code: status;
  readonly details: string;
}

interface CallErrorContext {
  readonly log: Log;
  /** Removes secrets. */
  readonly redact: (text: string) => string;
  /** Aborted if the call was cancelled or the server is shutting down. */
  readonly signal: AbortSignal;
}

/**
 * Logs an error and maps it to a gRPC status. What it quotes of a response, and the stack of a bug,
 * go to the log only.
 */
export function toCallError(error: unknown, { log, redact, signal }: CallErrorContext): CallError {
  if (signal.aborted) {
    const details = messageOf(signal.reason);
    log.warning(`${details}; the next sync resumes from the last checkpoint`);
    return { code: status.CANCELLED, details };
  }
  const details = redact(callerMessageOf(error));
  const message = redact(messageOf(error));
  if (!isOperational(error)) {
    log.severe(`this is a bug in rivulet: ${(error as Error | undefined)?.stack ?? message}`);
    return { code: status.INTERNAL, details };
  }
  log.severe(message);
  if (error instanceof ConfigError) return { code: status.INVALID_ARGUMENT, details };
  return { code: error instanceof SourceError ? status.INTERNAL : status.UNAVAILABLE, details };
}
