import { Client, type QueryResult } from "pg";
import { ConfigError, TransientError } from "../../core/errors.ts";
import { sleep } from "../../core/sleep.ts";

/** A parsed `postgres:` URL. */
export interface Address {
  /** The URL without its password. */
  readonly label: string;
  /** For pg. Contains the password. */
  readonly connectionString: string;
  readonly schema: string;
}

/**
 * Parses a URL and removes the parameters that pg does not know. TLS parameters mean the same as in
 * libpq: `sslmode=require` encrypts without verifying the certificate. Throws a ConfigError.
 */
export function parseAddress(text: string): Address {
  if (!isUnambiguous(text)) {
    throw new ConfigError(
      'destination: expected postgres://user:password@host/database; write "@", "/", "?", "#" and "%" in a password as %40, %2F, %3F, %23 and %25',
    );
  }
  const url = new URL(text);
  const schema = url.searchParams.get("schema") ?? "public";
  if (schema === "")
    throw new ConfigError("destination: ?schema= is empty; name one, or leave it out");
  url.searchParams.delete("schema");
  if (url.searchParams.has("sslmode")) url.searchParams.set("uselibpqcompat", "true");
  const redacted = new URL(text);
  redacted.password = "";
  for (const name of [...redacted.searchParams.keys()]) {
    if (name !== "schema") redacted.searchParams.delete(name);
  }
  return { label: redacted.href, connectionString: url.href, schema };
}

/** Whether no part of the password can have been parsed as another part, which would be logged. */
function isUnambiguous(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { username, password, pathname, search, hash } = new URL(text);
  try {
    decodeURIComponent(username + password + pathname);
  } catch {
    return false;
  }
  return text.split("@").length <= 2 && !(pathname + search + hash).includes("@");
}

/** How to connect. */
export interface ConnectOptions {
  /** How long to wait for another program's lock. */
  readonly busyMs: number;
  /** How long a suspended process may hold a transaction open before the server ends it. */
  readonly leaseMs: number;
  /** How long to try to reconnect after the connection was lost. */
  readonly reconnectMs: number;
  /** Ends those attempts. */
  readonly signal?: AbortSignal | undefined;
}

/** The server's process for a connection. The start time is needed because pids are reused. */
export interface Backend {
  readonly pid: string;
  readonly since: string;
}

/** A connection and its process on the server. */
export interface Connection {
  readonly client: Client;
  readonly backend: Backend;
}

/** Opens a connection that returns all values as text. Throws the driver's errors. */
export async function connect(
  { connectionString, schema }: Address,
  { busyMs, leaseMs }: ConnectOptions,
): Promise<Connection> {
  const client = new Client({
    connectionString,
    application_name: "rivulet",
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: { getTypeParser: () => (text: string) => text },
  });
  // A lost connection fails the current or next query. An unhandled event would end the process.
  client.on("error", () => undefined);
  try {
    await client.connect();
    return { client, backend: await configureSession(client, { schema, busyMs, leaseMs }) };
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
}

async function configureSession(
  client: Client,
  { schema, busyMs, leaseMs }: Pick<Address & ConnectOptions, "schema" | "busyMs" | "leaseMs">,
): Promise<Backend> {
  const replies: unknown = await client.query(`
    set search_path to ${client.escapeIdentifier(schema)};
    set timezone to 'UTC';
    set datestyle to 'ISO';
    set standard_conforming_strings to on;
    set bytea_output to 'hex';
    set client_min_messages to warning;
    set lock_timeout to ${busyMs};
    set idle_in_transaction_session_timeout to ${leaseMs};
    select pid, backend_start as since from pg_stat_activity where pid = pg_backend_pid()`);
  const [backend] = (replies as QueryResult<Backend>[]).at(-1)?.rows ?? [];
  return backend ?? { pid: "0", since: "-infinity" };
}

const endPollMs = 20;
const endPolls = 250;

/**
 * Ends the server's process for a lost connection. Otherwise it keeps its locks until it notices
 * the loss. Throws a TransientError if it does not end in time.
 */
export async function terminateBackend(client: Client, { pid, since }: Backend): Promise<void> {
  const query =
    "select pg_terminate_backend(pid) from pg_stat_activity where pid = $1 and backend_start = $2";
  for (let polls = 0; polls < endPolls; polls += 1) {
    const { rowCount } = await client.query(query, [pid, since]);
    if (!rowCount) return;
    await sleep(endPollMs, undefined);
  }
  throw new TransientError("the server did not end the lost connection; try again later");
}
