import { ConfigError } from "../core/errors.ts";
import type { Query, QueryResult } from "../core/query.ts";
import type { Destination } from "../core/destination.ts";
import type { Log } from "../core/log.ts";
import type { ConnectOptions } from "./postgres/reconnecting-client.ts";
import type { Dialect } from "./sql/dialect.ts";
import type { Findings } from "./sql/findings.ts";
import { SqlDestination } from "./sql/sql-destination.ts";
import type { SqliteOptions } from "./sqlite/dialect.ts";

/** How to open a destination. */
export interface OpenOptions {
  readonly log: Log;
  /** After how long a lease expires that is not renewed. Default: 60 s. */
  readonly leaseMs?: number;
  /** Interval at which the lease is renewed. Default: 15 s. */
  readonly renewMs?: number;
  /** How long to wait for another program's lock. Default: 30 s. */
  readonly busyMs?: number;
  /** How long to try to reconnect to a server after the connection was lost. Default: 30 s. */
  readonly reconnectMs?: number;
  /**
   * How long to wait for a server's answer to a statement before its connection is given up.
   * Default: 300 s.
   */
  readonly statementMs?: number;
  /** How many rows of `_rivulet_sync` to keep for each pipeline. Default: 10,000. */
  readonly keepSyncs?: number;
  /** Ends all waiting. Work in progress is still completed. */
  readonly signal?: AbortSignal;
  /**
   * Whether to write SQLite in a separate thread. Worth it for large syncs, because reading
   * continues meanwhile. Default: false.
   */
  readonly thread?: boolean;
}

/**
 * Opens the database of a URL, `sqlite:./file.db` or
 * `postgres://user:password@host/database?schema=name`, at first use. Loads only the driver that is
 * needed. Throws a ConfigError or a TransientError.
 */
export async function openDestination(url: string, options: OpenOptions): Promise<Destination> {
  const { log, leaseMs = 60_000, renewMs = 15_000, signal } = options;
  const { busyMs = 30_000, reconnectMs = 30_000, thread = false } = options;
  const { statementMs = 300_000, keepSyncs = 10_000 } = options;
  const dialect = await openDialect(url, {
    ...{ busyMs, leaseMs, reconnectMs, statementMs, signal, thread },
  });
  return new SqlDestination(dialect, { log, leaseMs, renewMs, keepSyncs, openFindings });
}

/**
 * Runs a query that a person has written on the database of a URL. It can only read, and creates no
 * database. Throws a ConfigError that says what is wrong with it, or a TransientError.
 */
export async function queryDestination(
  given: string,
  query: Query,
  { busyMs = 30_000, signal }: Pick<OpenOptions, "busyMs" | "signal">,
): Promise<QueryResult> {
  const options = { busyMs, signal };
  const { url, kind } = parseUrl(given);
  if (kind === "sqlite") {
    const { querySqlite } = await import("./sqlite/query.ts");
    return await querySqlite(url, query, options);
  }
  const { queryPostgres } = await import("./postgres/query.ts");
  return await queryPostgres(url, query, options);
}

async function openDialect(
  given: string,
  options: ConnectOptions & SqliteOptions,
): Promise<Dialect> {
  const { url, kind } = parseUrl(given);
  if (kind === "sqlite") {
    const { openSqlite } = await import("./sqlite/dialect.ts");
    return openSqlite(url, options);
  }
  const { openPostgres } = await import("./postgres/dialect.ts");
  return openPostgres(url, options);
}

/** The URL, also of a bare path, and the kind of its database. Throws a ConfigError. */
function parseUrl(given: string): { readonly url: string; readonly kind: "sqlite" | "postgres" } {
  const url = isPath(given) ? `sqlite:${given}` : given;
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  if (scheme === "sqlite" && /^sqlite:(?:\/\/)?:memory:$/i.test(url))
    throw new ConfigError("destination: nothing would be kept in memory; name a file: ./file.db");
  if (scheme === "sqlite") return { url, kind: scheme };
  if (scheme === "postgres" || scheme === "postgresql") return { url, kind: "postgres" };
  const expected = "expected a file such as ./file.db, or postgres://user:password@host/database";
  if (scheme === undefined)
    throw new ConfigError(`destination: ${expected}; did you mean "./${url}.db"?`);
  throw new ConfigError(`destination: ${expected}, got "${scheme}:"`);
}

/** Whether it is the path of a file: with a dot or a slash, and without a scheme. */
function isPath(text: string): boolean {
  if (process.platform === "win32" && /^[a-z]:[\\/]/i.test(text)) return true;
  return /[./]/.test(text) && !/^[a-z][a-z0-9+.-]*:/i.test(text);
}

/** Postgres could hold them too, but a comparison must not write to what it compares. */
async function openFindings(): Promise<Findings> {
  const { TemporaryFindings } = await import("./sqlite/temporary-findings.ts");
  return new TemporaryFindings();
}
