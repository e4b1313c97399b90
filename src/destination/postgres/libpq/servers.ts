import { isIP } from "node:net";
import { ConfigError } from "../../../core/errors.ts";
import type { Parameters } from "./resolve-parameters.ts";

/** One of the servers that a destination may be on. */
export interface Server {
  /** Its name or address, or the folder of its Unix socket. */
  readonly host: string;
  /** The address to connect to instead of looking up the name. */
  readonly address: string | undefined;
  readonly port: number;
}

/** The servers that the parameters name, in the order in which they are tried. */
export function listServers(parameters: Parameters): Server[] {
  const hosts = listOf(parameters, "host");
  const addresses = listOf(parameters, "hostaddr");
  const ports = listOf(parameters, "port");
  const count = Math.max(hosts.length, addresses.length, 1);
  for (const [noun, { length }] of [
    ["hosts", hosts],
    ["hostaddrs", addresses],
  ] as const) {
    if (length > 0 && length !== count)
      throw new ConfigError(`destination: ${length} ${noun} for ${count} servers; name as many`);
  }
  if (ports.length > 1 && ports.length !== count)
    throw new ConfigError(`destination: ${ports.length} ports for ${count} hosts; name one or all`);
  return Array.from({ length: count }, (_, index) => {
    const address = addressAt(addresses[index]);
    return {
      host: hosts[index] || (address ?? "localhost"),
      address,
      port: portOf(ports.length === 1 ? ports[0] : ports[index]),
    };
  });
}

/** Whether it is reached by a Unix socket. */
export function isSocket({ host, address }: Server): boolean {
  return address === undefined && host.startsWith("/");
}

function listOf(parameters: Parameters, name: string): string[] {
  return parameters.get(name)?.split(",") ?? [];
}

function addressAt(text: string | undefined): string | undefined {
  if (text === undefined || text === "") return undefined;
  if (isIP(text) === 0) throw new ConfigError("destination: hostaddr: expected an IP address");
  return text;
}

function portOf(text: string | undefined): number {
  if (text === undefined || text === "") return 5432;
  const port = /^\d{1,5}$/.test(text.trim()) ? Number(text) : 0;
  if (port < 1 || port > 65_535)
    throw new ConfigError("destination: port: expected a number from 1 to 65535");
  return port;
}
