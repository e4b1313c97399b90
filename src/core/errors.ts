/** A person must change something: configuration, credentials, permission, command line. Exit status 2. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** Time may mend it: network, rate limit, an overloaded server, a full disk. Exit status 1. */
export class TransientError extends Error {
  override readonly name = "TransientError";
  /** Whether the service was not there, or took no requests at all: that says nothing about what it was asked for. */
  readonly isOutage: boolean;

  constructor(message: string, { isOutage = false, ...options }: TransientOptions = {}) {
    super(message, options);
    this.isOutage = isOutage;
  }
}

export interface TransientOptions extends ErrorOptions {
  readonly isOutage?: boolean;
}

/** The service answered something that the connector does not understand. Exit status 1. */
export class SourceError extends Error {
  override readonly name = "SourceError";
}

/** Another sync of this pipeline holds the lock. Exit status 75 (`EX_TEMPFAIL`). */
export class LockedError extends Error {
  override readonly name = "LockedError";
}

/** Whether an error is one that the program foresaw, so that its message is enough and its stack would be noise. */
export function isOperational(error: unknown): error is Error {
  return (
    error instanceof ConfigError ||
    error instanceof TransientError ||
    error instanceof SourceError ||
    error instanceof LockedError
  );
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
