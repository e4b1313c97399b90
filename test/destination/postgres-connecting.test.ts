import { chmod, chown, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { ConfigError, TransientError } from "../../src/core/errors.ts";
import { openDestination } from "../../src/destination/open.ts";
import { selfSignedCertificate } from "../support/certificate.ts";
import { freePort, startEmbeddedPostgres } from "../support/embedded-postgres.ts";
import { logLines, newFolder, run } from "../support/program.ts";
import { silent } from "./fixture.ts";

type Server = Awaited<ReturnType<typeof startEmbeddedPostgres>>;

const rules = `
local all all password
hostssl all only_tls all scram-sha-256
host all only_tls all reject
hostnossl all only_plain all scram-sha-256
host all only_plain all reject
hostssl all cleartext all password
host all all all password
`;

const isEncrypted = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";

describe("connecting to Postgres", () => {
  let plain: Server;
  let secure: Server;
  let home: Awaited<ReturnType<typeof newFolder>>;

  beforeAll(async () => {
    [plain, secure] = await Promise.all([startEmbeddedPostgres(), startEmbeddedPostgres()]);
    await encrypt(secure);
  });
  afterAll(async () => {
    await Promise.all([plain.stop(), secure.stop()]);
  });
  beforeEach(async () => {
    home = await newFolder();
    vi.stubEnv("HOME", home.path);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await home[Symbol.asyncDispose]();
  });

  /** Lets the server encrypt, and users log in with or without it. */
  async function encrypt({ url, folder }: Server): Promise<void> {
    const { key, cert } = selfSignedCertificate();
    const { uid, gid } = await stat(folder);
    for (const [name, text] of [
      ["server.key", key],
      ["server.crt", cert],
      ["pg_hba.conf", rules],
    ] as const) {
      const path = join(folder, name);
      await writeFile(path, text);
      await chown(path, uid, gid);
      await chmod(path, 0o600);
    }
    const client = new Client({ connectionString: url });
    await client.connect();
    for (const role of ["only_tls", "only_plain", "cleartext"])
      await client.query(`create role ${role} login superuser password 'secret'`);
    await client.query("alter system set ssl to on");
    await client.query("select pg_reload_conf()");
    await client.end();
    await vi.waitFor(async () => {
      await using destination = await openDestination(`${url}?sslmode=require`, { log: silent });
      await destination.select("select 1");
    });
  }

  /** The URL of a server with these parameters, and with another user if one is named. */
  function urlOf({ url }: Server, query: string, user = "postgres"): string {
    return `${url.replace("postgres:secret", `${user}:secret`)}?${query}`;
  }
  const portOf = ({ url }: Server) => new URL(url).port;

  async function answer(url: string, sql = isEncrypted): Promise<string> {
    await using destination = await openDestination(url, { log: silent });
    const [row] = await destination.select(sql);
    return String(Object.values(row ?? {})[0]);
  }

  test.each([
    ["sslmode=disable", "postgres", "f"],
    ["sslmode=allow", "postgres", "f"],
    ["sslmode=allow", "only_tls", "t"],
    ["", "postgres", "t"],
    ["sslmode=prefer", "only_tls", "t"],
    ["sslmode=prefer", "only_plain", "f"],
    ["sslmode=require", "postgres", "t"],
    ["ssl=true", "postgres", "t"],
    ["sslmode=require&sslnegotiation=direct", "postgres", "t"],
  ])("with ?%s, %s is encrypted: %s", async (query, user, encrypted) => {
    expect(await answer(urlOf(secure, query, user))).toBe(encrypted);
  });

  test.each([
    ["sslmode=prefer", "f"],
    ["sslmode=allow", "f"],
    ["", "f"],
  ])("a server without TLS is read with ?%s", async (query, encrypted) => {
    expect(await answer(urlOf(plain, query))).toBe(encrypted);
  });

  test.each([
    ["sslmode=require", "only_plain", /pg_hba.conf/],
    ["sslmode=disable", "only_tls", /pg_hba.conf/],
    ["sslmode=verify-full", "postgres", /certificate/],
    ["sslmode=verify-ca", "postgres", /sslrootcert/],
    ["sslmode=verify-ca&sslrootcert=/no/such.crt", "postgres", /no\/such\.crt/],
    ["sslmode=require&channel_binding=require", "cleartext", /channel_binding/],
    ["sslmode=disable&channel_binding=require", "postgres", /channel_binding/],
  ])("with ?%s, %s is refused", async (query, user, reason) => {
    const refusal = answer(urlOf(secure, query, user));
    await expect(refusal).rejects.toBeInstanceOf(ConfigError);
    await expect(refusal).rejects.toThrow(reason);
  });

  test("a certificate is verified against sslrootcert, or root.crt in the home directory", async () => {
    const trusted = join(secure.folder, "server.crt");
    expect(await answer(urlOf(secure, `sslmode=verify-ca&sslrootcert=${trusted}`))).toBe("t");
    await using other = await newFolder({ "other.crt": selfSignedCertificate().cert });
    const distrust = `sslrootcert=${other.path}/other.crt`;
    await expect(answer(urlOf(secure, `sslmode=require&${distrust}`))).rejects.toThrow(/TLS/);
    await expect(answer(urlOf(secure, `sslmode=verify-ca&${distrust}`))).rejects.toThrow(/TLS/);
  });

  test("PGSSLMODE counts as sslmode", async () => {
    vi.stubEnv("PGSSLMODE", "disable");
    expect(await answer(urlOf(secure, ""))).toBe("f");
    vi.stubEnv("PGSSLMODE", "require");
    expect(await answer(urlOf(secure, ""))).toBe("t");
  });

  test("a login is bound to the encrypted channel if channel_binding requires it", async () => {
    const url = urlOf(secure, "sslmode=require&channel_binding=require", "only_tls");
    expect(await answer(url)).toBe("t");
  });

  test("a Unix socket is reached by its folder, without TLS", async () => {
    const url = `postgresql://postgres:secret@/postgres?host=/tmp&port=${portOf(secure)}&sslmode=require`;
    expect(await answer(url, "select inet_server_addr() is null")).toBe("t");
    expect(await answer(url)).toBe("f");
  });

  test("of several hosts, the first that lives is used", async () => {
    const hosts = `127.0.0.1:${await freePort()},127.0.0.1:${portOf(plain)}`;
    const port = await answer(`postgres://postgres:secret@${hosts}/postgres`, "show port");
    expect(port).toBe(portOf(plain));
  });

  test("of several hosts, none that refuses the login is skipped", async () => {
    const hosts = `127.0.0.1:${portOf(secure)},127.0.0.1:${portOf(plain)}`;
    const refusal = answer(`postgres://postgres:wr0ng@${hosts}/postgres`);
    await expect(refusal).rejects.toThrow(/login failed/);
    await expect(refusal).rejects.not.toThrow(/wr0ng/);
  });

  test("if no host lives, each is named, and the sync may be run again", async () => {
    const [a, b] = [await freePort(), await freePort()];
    const refusal = answer(`postgres://postgres@127.0.0.1:${a},127.0.0.1:${b}/postgres`);
    await expect(refusal).rejects.toBeInstanceOf(TransientError);
    await expect(refusal).rejects.toThrow(new RegExp(`:${a}.*:${b}`));
  });

  test("with target_session_attrs=read-write, a host that takes no writes is skipped", async () => {
    const hosts = `127.0.0.1:${portOf(plain)},127.0.0.1:${portOf(secure)}`;
    const url = (attributes: string) =>
      `postgres://only_tls:secret@${hosts}/postgres?target_session_attrs=${attributes}`;
    const client = new Client({ connectionString: plain.url });
    await client.connect();
    try {
      await client.query("create role only_tls login superuser password 'secret'");
      await client.query("alter role only_tls set default_transaction_read_only to on");
      expect(await answer(url("any"), "show port")).toBe(portOf(plain));
      expect(await answer(url("read-write"), "show port")).toBe(portOf(secure));
      const readOnly = `${plain.url.replace("postgres:", "only_tls:")}?target_session_attrs=read-write`;
      const refusal = answer(readOnly.replace("only_tls://postgres", "postgres://only_tls"));
      await expect(refusal).rejects.toBeInstanceOf(TransientError);
    } finally {
      await client.query("drop role only_tls");
      await client.end();
    }
  });

  test("a password comes from the password file, per host, if nothing else says it", async () => {
    const path = join(home.path, "passwords");
    const lines = `# by host\n\n*:${portOf(plain)}:nowhere:*:wrong\n127.0.0.1:${portOf(plain)}:postgres:o\\:p:pa\\:ss\\:\\\\word\n`;
    await writeFile(path, lines, { mode: 0o600 });
    const client = new Client({ connectionString: plain.url });
    await client.connect();
    await client.query(`create role "o:p" login superuser password 'pa:ss:\\word'`);
    const url = `postgres://o%3Ap@127.0.0.1:${portOf(plain)}/postgres`;
    try {
      expect(await answer(`${url}?passfile=${path}`)).toBe("f");
      vi.stubEnv("PGPASSFILE", path);
      expect(await answer(url)).toBe("f");
      await chmod(path, 0o644);
      await expect(answer(url)).rejects.toThrow(/password/);
      vi.stubEnv("PGPASSFILE", undefined);
      await writeFile(join(home.path, ".pgpass"), lines, { mode: 0o600 });
      expect(await answer(url)).toBe("f");
    } finally {
      await client.query(`drop role "o:p"`);
      await client.end();
    }
  });

  test("the command line takes a service, and refuses a parameter that does not exist", async () => {
    const port = portOf(plain);
    await using folder = await newFolder({
      "configuration.json": { opik: { COMET_OPIK_WORKSPACE: "w", COMET_OPIK_API_KEY: "key" } },
      "services.conf": `[ours]\nhost=127.0.0.1\nport=${port}\nuser=postgres\ndbname=postgres\n`,
    });
    const env = { PGPASSWORD: "secret", PGSERVICEFILE: "services.conf" };
    const status = (url: string) =>
      run("opik-sync", ["status", "--destination", url], { cwd: folder.path, env });
    const found = await status("postgres://?service=ours");
    expect(found.stdout).toContain("never been synced into postgres://?service=ours");
    expect(found).toMatchObject({ status: 0, stderr: "" });
    const refused = await status("postgres://?service=ours&shema=x");
    expect(refused.status).toBe(2);
    expect(logLines(refused)[0]?.["message"]).toMatch(/\?shema.*did you mean "schema"/);
  });
});
