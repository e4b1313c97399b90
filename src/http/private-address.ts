import { BlockList, isIPv4, isIPv6 } from "node:net";
import { lookup, type LookupAddress, type LookupOptions } from "node:dns";
import type { AgentOptions } from "node:http";
import { HttpError } from "./http-error.ts";
import { hostAndPort } from "./url.ts";

/**
 * Networks that are nobody's on the internet: this machine, private and link-local ones, and those
 * reserved for other uses.
 *
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry
 */
const networks = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 3],
] as const;

/** The same for IPv6; the last ones lead to an IPv4 network by way of a relay. */
const networks6 = [
  ["::", 96],
  ["fc00::", 7],
  ["fe80::", 9],
  ["ff00::", 8],
  ["64:ff9b:1::", 48],
  ["2002::", 16],
  ["2001::", 32],
] as const;

const privateAddresses = new BlockList();
for (const [network, bits] of networks) {
  privateAddresses.addSubnet(network, bits, "ipv4");
  // A gateway to IPv4 (NAT64) reaches them, too.
  privateAddresses.addSubnet(`64:ff9b::${network}`, 96 + bits, "ipv6");
}
for (const [network, bits] of networks6) privateAddresses.addSubnet(network, bits, "ipv6");

/** Whether an IP address is one of a private network, or of this machine. */
export function isPrivateAddress(address: string): boolean {
  if (isIPv4(address)) return privateAddresses.check(address, "ipv4");
  return isIPv6(address) && privateAddresses.check(address, "ipv6");
}

/** The code of the error with which a connection to a private address fails. */
export const privateAddressCode = "EPRIVATE";

/** A connection was about to be made to this address. */
class PrivateAddressError extends Error {
  readonly code = privateAddressCode;

  constructor(address: string) {
    super(`${address} is a private address`);
  }
}

/** What a request to such an address fails with. */
export function privateAddressError(url: URL): HttpError {
  return new HttpError("private", `${hostAndPort(url)} is this machine or in a private network`);
}

/**
 * Looks names up for connections, which are then made to the very addresses that were checked: a
 * name may lead elsewhere the next time.
 */
export function newPublicLookup(resolve: Resolve = lookup): Lookup {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) {
        callback(error, "", 0);
        return;
      }
      const [first] = addresses;
      const refused = privateOf(addresses);
      if (refused) callback(refused, "", 0);
      else if (options.all === true) callback(null, addresses);
      else callback(null, first?.address ?? "", first?.family);
    });
  };
}

type Lookup = NonNullable<AgentOptions["lookup"]>;

/** Resolves a name to all its addresses, as `dns.lookup` does. */
type Resolve = (
  hostname: string,
  options: LookupOptions & { readonly all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

function privateOf(addresses: readonly LookupAddress[]): PrivateAddressError | undefined {
  const found = addresses.find(({ address }) => isPrivateAddress(address));
  return found && new PrivateAddressError(found.address);
}
