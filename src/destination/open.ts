import { ConfigError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Destination } from "../core/destination.ts";
import type { Dialect } from "./sql/dialect.ts";
import type { ConnectOptions } from "./postgres/connection.ts";
import type { SqliteOptions } from "./sqlite/dialect.ts";
import { SqlDestination } from "./sql/sql-destination.ts";

export interface OpenOptions {
  readonly log: Log;
  /** How long a lock holds that is not renewed. Default: 60 s. */
  readonly leaseMs?: number;
  /** How often the lock is renewed. Default: 15 s. */
  readonly renewMs?: number;
  /** How long to wait for another program that has locked what we want to write. Default: 30 s. */
  readonly busyMs?: number;
  /** How long to try to reach a server again to which the connection was lost. Default: 30 s. */
  readonly reconnectMs?: number;
  /** Ends all waiting. What is under way is done all the same. */
  readonly signal?: AbortSignal;
  /** Whether writing SQLite gets a thread of its own: for much data, as reading goes on meanwhile. Default: false. */
  readonly thread?: boolean;
}

/**
 * Opens the database that a URL names: `sqlite:./file.db`, or `postgres://user:password@host/database?schema=name`. Drivers are loaded
 * only where they are needed. Throws a ConfigError that says what a person has to change, or a TransientError.
 */
export async function openDestination(url: string, options: OpenOptions): Promise<Destination> {
  const { log, leaseMs = 60_000, renewMs = 15_000, signal } = options;
  const { busyMs = 30_000, reconnectMs = 30_000, thread = false } = options;
  const dialect = await openDialect(url, { busyMs, leaseMs, reconnectMs, signal, thread });
  return new SqlDestination(dialect, { log, leaseMs, renewMs });
}

async function openDialect(url: string, options: ConnectOptions & SqliteOptions): Promise<Dialect> {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  if (scheme === "sqlite") {
    const { openSqlite } = await import("./sqlite/dialect.ts");
    return openSqlite(url, options);
  }
  if (scheme === "postgres" || scheme === "postgresql") {
    const { openPostgres } = await import("./postgres/dialect.ts");
    return openPostgres(url, options);
  }
  const found = scheme === undefined ? "no scheme" : `"${scheme}:"`;
  throw new ConfigError(
    `destination: expected sqlite:./file.db or postgres://user:password@host/database, got ${found}`,
  );
}
