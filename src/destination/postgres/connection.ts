import { Client, type QueryResult } from "pg";
import { ConfigError, TransientError } from "../../core/errors.ts";
import { sleep } from "../../core/sleep.ts";

/** What a `postgres:` URL says. */
export interface Address {
  /** The URL without its password. */
  readonly label: string;
  /** What pg takes. Holds the password. */
  readonly connectionString: string;
  readonly schema: string;
}

/** Splits off what pg does not know. The TLS parameters mean what they mean to libpq: `sslmode=require` encrypts, and verifies nothing. */
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
  const shown = new URL(text);
  shown.password = "";
  for (const name of [...shown.searchParams.keys()]) {
    if (name !== "schema") shown.searchParams.delete(name);
  }
  return { label: shown.href, connectionString: url.href, schema };
}

/** Whether no part of the password can have been taken for something else, which would be shown. */
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

export interface ConnectOptions {
  /** How long to wait for a lock that somebody else holds. */
  readonly busyMs: number;
  /** After how long the server ends a transaction of a process that was suspended in it, so that another can take over. */
  readonly leaseMs: number;
  /** How long to try to connect again after the connection was lost. */
  readonly reconnectMs: number;
  /** Ends that trying. */
  readonly signal?: AbortSignal | undefined;
}

/** What serves a connection on the server: a process, and when it began, as its number may be used again. */
export interface Backend {
  readonly pid: string;
  readonly since: string;
}

export interface Connection {
  readonly client: Client;
  readonly backend: Backend;
}

/** A connection that gives all values as text. Throws the driver's errors. */
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
  // A lost connection fails the query that is under way, or the next; an event that nobody hears would end the process.
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
  const results: unknown = await client.query(`
    set search_path to ${client.escapeIdentifier(schema)};
    set timezone to 'UTC';
    set datestyle to 'ISO';
    set standard_conforming_strings to on;
    set bytea_output to 'hex';
    set client_min_messages to warning;
    set lock_timeout to ${busyMs};
    set idle_in_transaction_session_timeout to ${leaseMs};
    select pid, backend_start as since from pg_stat_activity where pid = pg_backend_pid()`);
  const [backend] = (results as QueryResult<Backend>[]).at(-1)?.rows ?? [];
  return backend ?? { pid: "0", since: "-infinity" };
}

const endPollMs = 20;
const endPolls = 250;

/** Ends what the server still does for a connection that is lost: until it finds out by itself, it would keep its locks. */
export async function terminateBackend(client: Client, { pid, since }: Backend): Promise<void> {
  const query =
    "select pg_terminate_backend(pid) from pg_stat_activity where pid = $1 and backend_start = $2";
  for (let polls = 0; polls < endPolls; polls += 1) {
    const { rowCount } = await client.query(query, [pid, since]);
    if (!rowCount) return;
    await sleep(endPollMs, undefined);
  }
  throw new TransientError("the server has not ended the connection that was lost");
}
