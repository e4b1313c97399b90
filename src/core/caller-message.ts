import { ConfigError, SourceError, TransientError } from "./errors.ts";

const messages = new WeakMap<Error, string>();

/**
 * Gives an error the sentence that strangers may read, such as callers of `serve`, who choose the
 * hosts: it quotes nothing that a host answered. Default: the message, which then must not either.
 */
export function withCallerMessage<Failure extends Error>(
  error: Failure,
  message = error.message,
): Failure {
  messages.set(error, message);
  return error;
}

/** The sentence of an error, or of its nearest cause that has one; otherwise that of its class. */
export function callerMessageOf(error: unknown): string {
  for (let each = error; each instanceof Error; each = each.cause) {
    const message = messages.get(each);
    if (message !== undefined) return message;
  }
  return `${sentenceOf(error)}; the log of the connector has the reason`;
}

function sentenceOf(error: unknown): string {
  if (error instanceof ConfigError)
    return "the service does not accept the configuration, or not the key";
  if (error instanceof TransientError)
    return "the service failed, or its response was incomplete; run the sync again later";
  if (error instanceof SourceError) return "a response of the service was not understood";
  return "an error in the connector";
}
