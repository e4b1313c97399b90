import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ConfigError } from "../../src/core/errors.ts";
import { parseAddress } from "../../src/destination/postgres/address.ts";
import { newFolder } from "../support/program.ts";

/** What libpq 18 makes of each of these is the same (`PQconninfoParse`). */
const read = (text: string) => {
  const { servers, parameters, schema } = parseAddress(text);
  const hosts = servers.map(({ host, port }) => `${host} ${port}`);
  return [hosts.join(", "), parameters.get("user"), parameters.get("dbname"), schema];
};

describe("the URL of a Postgres database", () => {
  let home: Awaited<ReturnType<typeof newFolder>>;
  beforeEach(async () => {
    home = await newFolder({
      ".pg_service.conf": `# ours
[warehouse]
host = nowhere
[warehouse ]
[models]
host=db1,db2
port=5433
dbname=models
user=me
sslmode=verify-full
password=p;w # x
[typo]
hst=db1
`,
    });
    vi.stubEnv("HOME", home.path);
    for (const name of Object.keys(process.env)) {
      if (name.startsWith("PG")) vi.stubEnv(name, undefined);
    }
    vi.stubEnv("PGUSER", "somebody");
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await home[Symbol.asyncDispose]();
  });

  test.each([
    ["postgresql://me@/db?host=/dir", "/dir 5432", "me", "db"],
    ["postgres://me@/db?host=/cloudsql/a:b:c", "/cloudsql/a:b:c 5432", "me", "db"],
    ["postgres://%2Fvar%2Frun/db", "/var/run 5432", "somebody", "db"],
    ["postgres://me@a:1,b:2/db", "a 1, b 2", "me", "db"],
    ["postgres://a,b:2/db", "a 5432, b 2", "somebody", "db"],
    ["postgres:///db?host=a,b&port=7", "a 7, b 7", "somebody", "db"],
    ["postgres://me@[::1]:5/db", "::1 5", "me", "db"],
    ["postgres://a/db?host=b&user=c&dbname=d", "b 5432", "c", "d"],
    ["postgres://me@a/", "a 5432", "me", "me"],
    ["postgres://a/d%20b?user=a+b", "a 5432", "a+b", "d b"],
    ["postgres://", "localhost 5432", "somebody", "somebody"],
    ["postgres://?service=models", "db1 5433, db2 5433", "me", "models"],
    ["postgres://you@c/x?service=models", "c 5433", "you", "x"],
  ])("%s means what it means to libpq", (text, ...expected) => {
    expect(read(text)).toEqual([...expected, "public"]);
  });

  test("the environment holds for what neither the URL nor the service says", () => {
    vi.stubEnv("PGHOST", "c");
    vi.stubEnv("PGPORT", "9");
    vi.stubEnv("PGSERVICE", "models");
    expect(read("postgres://?schema=s")).toEqual(["db1 5433, db2 5433", "me", "models", "s"]);
    vi.stubEnv("PGSERVICE", undefined);
    expect(read("postgres://")).toEqual(["c 9", "somebody", "somebody", "public"]);
  });

  test.each([
    ["ssl=true", "require"],
    ["requiressl=1", "require"],
    ["sslmode=allow", "allow"],
    ["sslrootcert=system", "verify-full"],
    ["service=models", "verify-full"],
    ["sslmode=", "prefer"],
    ["", "prefer"],
  ])("?%s is sslmode=%s", (query, mode) => {
    expect(parseAddress(`postgres://h/db?${query}`).parameters.get("sslmode")).toBe(mode);
  });

  test("PGSSLMODE is the sslmode of a URL without one", () => {
    vi.stubEnv("PGSSLMODE", "verify-full");
    const modeOf = (text: string) => parseAddress(text).parameters.get("sslmode");
    expect(modeOf("postgres://h/db")).toBe("verify-full");
    expect(modeOf("postgres://h/db?sslmode=allow")).toBe("allow");
  });

  test.each([
    ["shema=x", /\?shema: .*did you mean "schema"/],
    ["Host=x", /\?Host:.*did you mean "host"/],
    ["max=5", /\?max:/],
    ["sslmode=prefered", /sslmode=prefered.*did you mean "prefer"/],
    ["ssl=false", /ssl=false.*sslmode/],
    ["sslmode", /sslmode.*=/],
    ["requirepeer=postgres", /requirepeer.*not support/],
    ["require_auth=scram-sha-256", /require_auth.*not support/],
    ["gssencmode=require", /gssencmode=require.*disable, prefer/],
    ["replication=database", /replication=database/],
    ["oauth_issuer=https://a", /oauth_issuer.*not support/],
    ["sslmode=require&sslrootcert=system", /sslrootcert=system.*verify-full/],
    ["sslnegotiation=direct", /sslnegotiation=direct.*sslmode=require/],
    ["connect_timeout=soon", /connect_timeout/],
    ["host=a,b&port=1,2,3", /3 ports.*2 hosts/],
    ["port=0", /port/],
    ["hostaddr=example.com", /hostaddr/],
    ["service=nowhere", /"nowhere".*\.pg_service\.conf/],
    ["service=typo", /\.pg_service\.conf.*hst.*did you mean "host"/],
  ])("?%s is refused by name", (query, reason) => {
    const parse = () => parseAddress(`postgres://h/db?${query}`);
    expect(parse).toThrow(ConfigError);
    expect(parse).toThrow(reason);
  });

  test("what rivulet does not use and changes nothing is accepted", () => {
    const unused =
      "keepalives=1&keepalives_idle=5&tcp_user_timeout=9&client_encoding=auto&sslcompression=0&gssencmode=prefer&krbsrvname=x&load_balance_hosts=random&max_protocol_version=latest&channel_binding=prefer&replication=false&sslsni=1&uselibpqcompat=true";
    expect(read(`postgres://h/db?${unused}`)).toEqual(["h 5432", "somebody", "db", "public"]);
  });

  test("a variable that would change what rivulet does is refused by its name", () => {
    vi.stubEnv("PGREQUIREAUTH", "scram-sha-256");
    expect(() => parseAddress("postgres://h/db")).toThrow(/PGREQUIREAUTH/);
  });

  test.each([
    ["postgres://u:s3cret@a:1,b:2/db?schema=s", "postgres://u@a:1,b:2/db?schema=s"],
    ["postgresql://u@/db?host=/dir&password=s3cret", "postgresql://u@/db?host=/dir"],
    ["postgres://u:s3cret@h/?service=x&sslpassword=s3cret", undefined],
    ["postgres://u:s3cret/db", undefined],
    ["postgres://u@h:s3cret/db", undefined],
    ["postgres://u:s3cret#@h/db", undefined],
    ["postgres://u:%s3cret@h/db", undefined],
    ["postgres://u:s3cret@[h/db", undefined],
  ])("%s is never shown with its password", (text, label) => {
    try {
      expect(parseAddress(text).label).toBe(label);
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      expect(label).toBeUndefined();
      expect(JSON.stringify(error, ["message", "stack", "cause", "input"])).not.toContain("s3cret");
    }
  });
});
