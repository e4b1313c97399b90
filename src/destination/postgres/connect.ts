import { DatabaseError } from "pg";
import { ConfigError } from "../../core/errors.ts";
import type { Address } from "./address.ts";
import { Connection, type ConnectionOptions, type Login } from "./connection.ts";
import { isUnreachable } from "./errors.ts";
import { askForTls, type AskedServer } from "./libpq/ask-for-tls.ts";
import { listEncryptions, type Encryption } from "./libpq/encryption.ts";
import { passwordFromFile } from "./libpq/password-file.ts";
import type { Parameters } from "./libpq/resolve-parameters.ts";
import type { Server } from "./libpq/servers.ts";
import { UnsuitableServerError } from "./unsuitable-server-error.ts";

const defaultConnectMs = 10_000;

/**
 * Connects to the first server of an address that can be reached, and logs in, as libpq does. A
 * server that refuses the login ends the search. Throws the driver's errors, several of them as an
 * AggregateError, or a ConfigError.
 */
export async function connect(address: Address, options: ConnectionOptions): Promise<Connection> {
  const { parameters, servers } = address;
  const failures: unknown[] = [];
  for (const server of servers) {
    try {
      return await connectTo(server, parameters, options);
    } catch (error) {
      failures.push(...(error instanceof AggregateError ? (error.errors as unknown[]) : [error]));
      if (isFinal(failures.at(-1))) break;
    }
  }
  throw oneOf(failures);
}

/** An error for all failures. */
function oneOf(failures: readonly unknown[]): unknown {
  return failures.length === 1 ? failures[0] : new AggregateError(failures);
}

/** Another server would be asked in vain, or for something that this one has denied. */
function isFinal(error: unknown): boolean {
  const isStarting = error instanceof DatabaseError && error.code === "57P03";
  return error instanceof ConfigError || (error instanceof DatabaseError && !isStarting);
}

async function connectTo(
  server: Server,
  parameters: Parameters,
  options: ConnectionOptions,
): Promise<Connection> {
  const failures: unknown[] = [];
  for await (const login of logins(server, parameters, options)) {
    try {
      const connection = await Connection.open(login, options);
      return await requireAttributes(connection, server, parameters);
    } catch (error) {
      failures.push(error);
      if (!isWorthAnotherEncryption(error) || options.signal.aborted) break;
    }
  }
  throw oneOf(failures);
}

function isWorthAnotherEncryption(error: unknown): boolean {
  return !(
    isUnreachable(error) ||
    error instanceof ConfigError ||
    error instanceof UnsuitableServerError
  );
}

/** The attempts to log in, until one succeeds. */
async function* logins(
  server: Server,
  parameters: Parameters,
  { statementMs, signal }: ConnectionOptions,
): AsyncGenerator<Login> {
  const newLogin = (encryption: Encryption): Login => loginTo(server, parameters, encryption);
  const encryptions = listEncryptions(parameters, server);
  for (const [index, encryption] of encryptions.entries()) {
    const login = newLogin(encryption);
    if (encryption === false || index === encryptions.length - 1) {
      yield login;
      continue;
    }
    const asked = await askServer(server, Math.min(login.connectMs, statementMs), signal);
    if (!asked) continue;
    const { socket, hasTls } = asked;
    if (!hasTls) {
      yield { ...newLogin(false), socket };
      return;
    }
    // Asked already, so that TLS begins at once.
    yield { ...login, config: { ...login.config, sslnegotiation: "direct" }, socket };
  }
}

/** Undefined if the server does not understand, and is tried without TLS. */
async function askServer(
  { host, address, port }: Server,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<AskedServer | undefined> {
  try {
    return await askForTls({ host: address ?? host, port }, { timeoutMs, signal });
  } catch (error) {
    if (isUnreachable(error) || signal.aborted) throw error;
    return undefined;
  }
}

function loginTo(server: Server, parameters: Parameters, encryption: Encryption): Login {
  const needsChannelBinding = parameters.get("channel_binding") === "require";
  const isDirect = encryption !== false && parameters.get("sslnegotiation") === "direct";
  const seconds = Number(parameters.get("connect_timeout") ?? 0);
  return {
    config: {
      host: server.address ?? server.host,
      port: server.port,
      user: parameters.get("user"),
      database: parameters.get("dbname"),
      password: () => passwordFor(parameters, server),
      ssl: encryption,
      sslnegotiation: isDirect ? "direct" : "postgres",
      enableChannelBinding: needsChannelBinding && encryption !== false,
      options: parameters.get("options"),
      client_encoding: "utf8",
      application_name:
        parameters.get("application_name") ??
        parameters.get("fallback_application_name") ??
        "rivulet",
    },
    connectMs: seconds > 0 ? seconds * 1000 : defaultConnectMs,
    needsChannelBinding,
  };
}

/** Called when the server asks for one. Reads the file each time: passwords may be replaced. */
function passwordFor(parameters: Parameters, server: Server): string {
  const password = parameters.get("password") ?? passwordFromFile(parameters, server);
  if (password === undefined) throw new Error("a password is needed, and none is configured");
  return password;
}

async function requireAttributes(
  connection: Connection,
  server: Server,
  parameters: Parameters,
): Promise<Connection> {
  const attributes = parameters.get("target_session_attrs") ?? "any";
  if (attributes === "any") return connection;
  try {
    const { rows } = await connection.query<Record<string, string>>(
      `select pg_is_in_recovery()::text as "a standby",
        (current_setting('default_transaction_read_only')::boolean)::text as "read-only"`,
    );
    const found = attributes === "primary" ? ["a standby"] : ["a standby", "read-only"];
    const reason = found.find((each) => rows[0]?.[each] === "true");
    if (reason === undefined) return connection;
    throw new UnsuitableServerError(`${server.host}:${server.port}`, reason);
  } catch (error) {
    await connection[Symbol.asyncDispose]();
    throw error;
  }
}
