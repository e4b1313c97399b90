/**
 * A person must change the configuration, credentials, permissions or command line. Exit status 2.
 */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  /** True if it concerns only a part of what is read, such as one project: the rest can go on. */
  readonly isPartial: boolean;

  constructor(message: string, { isPartial = false, ...options }: ConfigErrorOptions = {}) {
    super(message, options);
    this.isPartial = isPartial;
  }
}

interface ConfigErrorOptions extends ErrorOptions {
  readonly isPartial?: boolean;
}

/**
 * A person must change a table before its stream can be written; the other streams go on. Exit
 * status 2.
 */
export class TableError extends ConfigError {
  readonly stream: string;

  constructor(message: string, { stream, ...options }: TableErrorOptions) {
    super(message, { isPartial: true, ...options });
    this.stream = stream;
  }
}

interface TableErrorOptions extends ErrorOptions {
  readonly stream: string;
}

/** Columns of an existing table that are not in its key have types that cannot hold the values. */
export class MisfitColumnsError extends TableError {
  /** What was expected and found, by the source's name of the column. */
  readonly columns: ReadonlyMap<string, string>;

  constructor(message: string, { columns, ...options }: MisfitColumnsOptions) {
    super(message, options);
    this.columns = columns;
  }
}

interface MisfitColumnsOptions extends TableErrorOptions {
  readonly columns: ReadonlyMap<string, string>;
}

/** Another pipeline has claimed the table of a stream. Exit status 2. */
export class ClaimedTableError extends ConfigError {
  readonly stream: string;

  constructor(message: string, { stream, ...options }: TableErrorOptions) {
    super(message, options);
    this.stream = stream;
  }
}

/** It may work later: network, rate limit, an overloaded server, a full disk. Exit status 1. */
export class TransientError extends Error {
  override readonly name = "TransientError";
  /** True if unreachable or refusing all traffic; says nothing about the resource. */
  readonly isOutage: boolean;

  constructor(message: string, { isOutage = false, ...options }: TransientOptions = {}) {
    super(message, options);
    this.isOutage = isOutage;
  }
}

interface TransientOptions extends ErrorOptions {
  readonly isOutage?: boolean;
}

/** Another program keeps the table of a stream locked; the other streams go on. Exit status 1. */
export class BusyTableError extends TransientError {
  readonly stream: string;

  constructor(message: string, { stream, ...options }: TableErrorOptions) {
    super(message, options);
    this.stream = stream;
  }
}

/** Whether only the table of one stream is to blame. */
export function isTableError(error: unknown): error is TableError | BusyTableError {
  return error instanceof TableError || error instanceof BusyTableError;
}

/** A response that the source does not understand. Exit status 1. */
export class SourceError extends Error {
  override readonly name = "SourceError";
}

/**
 * Another sync holds the lease of this pipeline or has taken it over, or a failover has lost what
 * was written under it. Exit status 75 (`EX_TEMPFAIL`).
 */
export class LockedError extends Error {
  override readonly name = "LockedError";
}

/** Whether this is an operational error: its message is enough. Anything else shows its stack. */
export function isOperational(error: unknown): error is Error {
  return (
    error instanceof ConfigError ||
    error instanceof TransientError ||
    error instanceof SourceError ||
    error instanceof LockedError
  );
}

/** The message of any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
