import { existsSync, readFileSync } from "node:fs";
import { isIP } from "node:net";
import type { ConnectionOptions, SecureVersion } from "node:tls";
import { ConfigError, messageOf } from "../../../core/errors.ts";
import type { Parameters } from "./resolve-parameters.ts";
import { isSocket, type Server } from "./servers.ts";
import { userFile } from "./user-file.ts";

/** How a connection is encrypted, or false. */
export type Encryption = ConnectionOptions | false;

/**
 * The ways to connect to a server that its `sslmode` allows, in the order in which they are tried.
 *
 * @see https://www.postgresql.org/docs/current/libpq-ssl.html
 */
export function listEncryptions(parameters: Parameters, server: Server): readonly Encryption[] {
  const mode = parameters.get("sslmode");
  if (mode === "disable" || isSocket(server)) return [false];
  const tls = tlsOptions(parameters, server);
  if (mode === "allow") return [false, tls];
  return mode === "prefer" ? [tls, false] : [tls];
}

/** Reads the files at each connection: certificates are renewed while a sync runs. */
function tlsOptions(parameters: Parameters, { host }: Server): ConnectionOptions {
  const mode = parameters.get("sslmode");
  const authority = readAuthority(parameters);
  const revoked = parameters.get("sslcrl");
  const [min, max] = ["min", "max"].map((end) => parameters.get(`ssl_${end}_protocol_version`));
  if (mode === "verify-ca" && authority === undefined)
    throw new ConfigError(
      "destination: sslmode=verify-ca: needs the certificate of the authority; name its file with sslrootcert, or use sslmode=verify-full",
    );
  return {
    ...(isIP(host) === 0 ? { servername: host } : {}),
    // With an authority, libpq verifies in every mode.
    rejectUnauthorized: authority !== undefined || mode === "verify-full",
    ...(mode === "verify-full" ? {} : { checkServerIdentity: () => undefined }),
    ...(authority === undefined ? {} : { ca: authority }),
    ...(revoked === undefined ? {} : { crl: readNamed("sslcrl", revoked) }),
    ...ownCertificate(parameters),
    ...(min === undefined ? {} : { minVersion: min as SecureVersion }),
    ...(max === undefined ? {} : { maxVersion: max as SecureVersion }),
  };
}

/** Undefined for the authorities that Node knows. */
function readAuthority(parameters: Parameters): string | undefined {
  const path = parameters.get("sslrootcert");
  if (path === "system") return undefined;
  return readNamed("sslrootcert", path ?? existingUserFile("root.crt"));
}

function ownCertificate(parameters: Parameters): ConnectionOptions {
  if (parameters.get("sslcertmode") === "disable") return {};
  const path = parameters.get("sslcert") ?? existingUserFile("postgresql.crt");
  const cert = readNamed("sslcert", path);
  if (cert === undefined) return {};
  const key = readNamed("sslkey", parameters.get("sslkey") ?? userPath("postgresql.key"));
  const passphrase = parameters.get("sslpassword");
  return {
    cert,
    ...(key === undefined ? {} : { key }),
    ...(passphrase === undefined ? {} : { passphrase }),
  };
}

function userPath(name: string): string {
  return userFile(`.postgresql/${name}`, name);
}

function existingUserFile(name: string): string | undefined {
  const path = userPath(name);
  return existsSync(path) ? path : undefined;
}

function readNamed(parameter: string, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new ConfigError(`destination: ${parameter}: ${messageOf(error)}`, { cause: error });
  }
}
