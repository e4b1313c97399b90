import { ConfigError } from "../../../core/errors.ts";

/** A URL of Postgres, taken apart. */
export interface ConnectionUrl {
  /** The URL without its password, and without parameters that do not say where it leads. */
  readonly label: string;
  /** By libpq's names, decoded. Of one that is given twice, the last counts. */
  readonly parameters: ReadonlyMap<string, string>;
}

/**
 * A password with one of the characters that separate the parts would be taken for another part,
 * and shown. So none of them may stand where libpq would allow it.
 */
const grammar =
  /^(?<scheme>postgres(?:ql)?:\/\/)(?:(?<user>[^:@/?#]*)(?<password>:[^@/?#]*)?(?<at>@))?(?<hosts>[^@/?#]*)(?<path>\/[^@?#]*)?(?:\?(?<query>[^@#]*))?$/i;

/** One of the hosts: a name, an IPv6 address in brackets, or a path with its slashes encoded. */
const hostGrammar = /^(?:\[(?<address>[\da-f:.%]+)\]|(?<name>[^:[\]]*))(?::(?<port>\d*))?$/i;

/** What says where the destination is; the rest may be secret, or is of no interest. */
const shownParameters = /^(?:schema|service|host|hostaddr|port|user|dbname|sslmode|sslrootcert)$/;

/**
 * Takes a URL apart as libpq does. `+` is no space, and the hosts and ports are separated by
 * commas. Throws a ConfigError without a part of the URL in it.
 *
 * @see https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
 */
export function parseConnectionUrl(text: string): ConnectionUrl {
  const { groups: parts } = grammar.exec(text.trim()) ?? {};
  if (!parts) throw unreadable();
  const { scheme = "", user = "", password, at = "", hosts = "", path = "", query = "" } = parts;
  const pairs = query.split("&").filter((pair) => pair !== "");
  const label = `${scheme}${user}${at}${hosts}${path}`;
  const shown = pairs.filter((pair) => shownParameters.test(pair.split("=")[0] ?? ""));
  const given = [
    ["user", decode(user)],
    ["password", decode(password?.slice(1) ?? "")],
    ...parseHosts(hosts),
    ["dbname", decode(path.slice(1))],
  ] as const;
  return {
    label: printable(shown.length === 0 ? label : `${label}?${shown.join("&")}`),
    parameters: new Map([...given.filter(([, value]) => value !== ""), ...pairs.map(parsePair)]),
  };
}

function parseHosts(text: string): (readonly [string, string])[] {
  const hosts = text.split(",").map((host) => {
    const { groups } = hostGrammar.exec(host) ?? {};
    if (!groups) throw unreadable();
    return { name: decode(groups["address"] ?? groups["name"] ?? ""), port: groups["port"] ?? "" };
  });
  const names = hosts.map(({ name }) => name).join(",");
  const ports = hosts.map(({ port }) => port);
  return [
    ["host", names],
    ["port", ports.some((port) => port !== "") ? ports.join(",") : ""],
  ];
}

function parsePair(pair: string): readonly [string, string] {
  const [name = "", ...rest] = pair.split("=");
  if (rest.length !== 1)
    throw new ConfigError(`destination: ?${printable(name)}: expected one "=" and a value`);
  return [decode(name), decode(rest.join())];
}

function decode(text: string): string {
  try {
    const decoded = decodeURIComponent(text);
    if (!decoded.includes("\0")) return decoded;
  } catch {
    // The cause would quote the text.
  }
  throw unreadable();
}

function printable(text: string): string {
  return text.toWellFormed().replace(/[\s\p{C}]/gu, encodeURIComponent);
}

function unreadable(): ConfigError {
  return new ConfigError(
    'destination: expected postgres://user:password@host/database; write "@", "/", "?", "#" and "%" in a password as %40, %2F, %3F, %23 and %25',
  );
}
