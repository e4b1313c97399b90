import { isIPv6 } from "node:net";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { ConfigError, messageOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { Admission, maxCalls } from "./admission.ts";
import { connectorService } from "./connector-service.ts";
import { type ConnectorOptions, FivetranConnector } from "./fivetran-connector.ts";
import { healthService } from "./health.ts";
import { reflectionService } from "./reflection.ts";
import {
  connectorDefinition,
  descriptorSet,
  healthDefinition,
  reflectionAlphaDefinition,
  reflectionDefinition,
} from "./service-definitions.ts";

/** What to serve, and where. */
export interface ServeOptions extends ConnectorOptions {
  /** 0: any free port. */
  readonly port: number;
  /** The address to listen on. Default: all, on IPv6 and IPv4, as Fivetran needs it. */
  readonly host?: string | undefined;
  /** Aborts running calls. */
  readonly signal: AbortSignal;
  /** For tests: the bytes of memory that the process has. */
  readonly memory?: () => number;
}

/** A server that listens; disposing of it shuts it down. */
interface RunningServer extends AsyncDisposable {
  readonly port: number;
  readonly log: Log;
}

/** A request holds a configuration and a state; Fivetran would allow 128 MiB. */
export const maxRequestBytes = 8 * 2 ** 20;

/** Fivetran's limit. */
const maxResponseBytes = 128 * 2 ** 20;

/** The time that running calls have to end. */
const shutdownGraceMs = 5000;

/**
 * Serves a source as a Fivetran source connector.
 *
 * @throws ConfigError if the address cannot be used
 */
export async function serve({
  port,
  host,
  signal,
  memory,
  ...options
}: ServeOptions): Promise<RunningServer> {
  const server = new Server({
    "grpc.max_receive_message_length": maxRequestBytes,
    "grpc.max_send_message_length": maxResponseBytes,
    // A call above the limit gets an answer; one above this waits without.
    "grpc.max_concurrent_streams": 2 * maxCalls,
    interceptors: [new Admission(memory).interceptor],
  });
  const reflection = reflectionService(descriptorSet);
  const services = ["fivetran_sdk.v2.SourceConnector"];
  const connector = new FivetranConnector(options);
  server.addService(connectorDefinition, connectorService(connector, signal));
  server.addService(healthDefinition, healthService(services, signal));
  server.addService(reflectionDefinition, reflection);
  server.addService(reflectionAlphaDefinition, reflection);
  const boundPort = await bind(server, port, host);
  const { log } = connector.redactingLog();
  return { port: boundPort, log, [Symbol.asyncDispose]: () => shutDown(server) };
}

/** Listens on IPv6 and IPv4; on IPv4 alone if the machine has no IPv6. */
async function bind(server: Server, port: number, host: string | undefined): Promise<number> {
  if (host !== undefined) return await bindTo(server, port, host);
  try {
    return await listen(server, `[::]:${port}`);
  } catch (error) {
    if (!/EAFNOSUPPORT|EADDRNOTAVAIL/.test(messageOf(error))) throw portError(port, error);
  }
  try {
    return await listen(server, `0.0.0.0:${port}`);
  } catch (error) {
    throw portError(port, error);
  }
}

async function bindTo(server: Server, port: number, host: string): Promise<number> {
  const address = isIPv6(host) ? `[${host}]` : host;
  try {
    return await listen(server, `${address}:${port}`);
  } catch (cause) {
    throw new ConfigError(
      `--host ${host} --port ${port}: cannot listen (${messageOf(cause)}); name an address of this machine, and a free port`,
      { cause },
    );
  }
}

function portError(port: number, cause: unknown): ConfigError {
  return new ConfigError(
    `--port ${port}: cannot listen (${messageOf(cause)}); stop the program that uses it, or choose another port`,
    { cause },
  );
}

function listen(server: Server, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
      if (error) reject(error);
      else resolve(port);
    });
  });
}

async function shutDown(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, shutdownGraceMs);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
