import { describe, expect, test } from "vitest";
import { ConfigError, isOperational, TransientError } from "../../src/core/errors.ts";
import { openDestination, type OpenOptions } from "../../src/destination/open.ts";
import { newPostgres } from "../support/databases.ts";
import { countsOf, runs, silent, useDatabase } from "./fixture.ts";

describe("errors of Postgres", () => {
  const fixture = useDatabase(newPostgres);
  const rows = [{ id: "a", steps: 1 }];

  async function checkAt(
    change: (url: URL) => void,
    options?: Partial<OpenOptions>,
  ): Promise<unknown> {
    const url = new URL(fixture.database.url);
    change(url);
    await using destination = await openDestination(url.href, { log: silent, ...options });
    return await destination.check().catch((error: unknown) => error);
  }

  /** Creates a role that may log in, runs `sql` for it, and drops it at the end. */
  async function withRole(sql: string, work: (role: string) => Promise<void>): Promise<void> {
    const role = `role_${new URL(fixture.database.url).searchParams.get("schema") ?? ""}`;
    await fixture.database.query(`create role ${role} login password 'secret'`);
    try {
      await fixture.database.query(sql.replaceAll("$role", role));
      await work(role);
    } finally {
      await fixture.database.query(`drop owned by ${role}; drop role ${role}`);
    }
  }

  test("a wrong password is reported as a failed login, and not shown", async () => {
    const error = await checkAt((url) => (url.password = "wr0ng"));
    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toMatch(/login failed; check user and password/);
    expect(String(error)).not.toContain("wr0ng");
  });

  test("a database that does not exist is named", async () => {
    const error = await checkAt((url) => (url.pathname = "/nowhere"));
    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toMatch(/there is no such database.*"nowhere"/);
  });

  test("a host that does not exist is an operational error", async () => {
    const error = await checkAt((url) => (url.hostname = "nowhere.invalid"));
    expect(isOperational(error)).toBe(true);
    expect(String(error)).toMatch(/nowhere\.invalid.*(no host with this name|cannot be resolved)/);
  });

  test("a server that does not run is a transient error", async () => {
    const error = await checkAt((url) => {
      url.hostname = "localhost";
      url.port = "1";
    });
    expect(error).toBeInstanceOf(TransientError);
    expect(String(error)).toMatch(/cannot be reached; .*\(.*ECONNREFUSED/);
  });

  test("a server without TLS is refused if TLS is required", async () => {
    const error = await checkAt((url) => {
      url.searchParams.set("sslmode", "require");
    });
    expect(error).toBeInstanceOf(ConfigError);
    expect(String(error)).toMatch(/sslmode/);
  });

  test("a user without the privilege to create is told what to grant", async () => {
    await withRole("revoke create on schema public from $role", async (role) => {
      const error = await checkAt((url) => (url.username = role));
      expect(error).toBeInstanceOf(ConfigError);
      expect(String(error)).toMatch(/permission denied; grant this user/);
    });
  });

  test("a table of another user is a configuration error", async () => {
    const session = await fixture.session([runs]);
    const schema = new URL(fixture.database.url).searchParams.get("schema") ?? "";
    await session[Symbol.asyncDispose]();
    await withRole(
      `grant usage, create on schema ${schema} to $role; grant select, insert, update, delete on all tables in schema ${schema} to $role; revoke all on runs from $role`,
      async (role) => {
        const url = new URL(fixture.database.url);
        url.username = role;
        await using destination = await openDestination(url.href, { log: silent });
        await using other = await destination.lock({ name: "test" });
        const prepare = other.prepare([runs]);
        await expect(prepare).rejects.toBeInstanceOf(ConfigError);
        await expect(prepare).rejects.toThrow(/permission denied/);
      },
    );
  });

  test("a user without free connections is a transient error", async () => {
    await withRole("alter role $role connection limit 0", async (role) => {
      const error = await checkAt((url) => (url.username = role));
      expect(error).toBeInstanceOf(TransientError);
      expect(String(error)).toMatch(/too many connections/);
    });
  });

  test("a read-only server is reported as such", async () => {
    await withRole("alter role $role set default_transaction_read_only to on", async (role) => {
      const error = await checkAt((url) => (url.username = role));
      expect(error).toBeInstanceOf(ConfigError);
      expect(String(error)).toMatch(/the server takes no writes/);
    });
  });

  async function sessionAndBackend(options?: Partial<OpenOptions>) {
    const destination = await fixture.open(options);
    const session = await destination.lock({ name: "test", identity: "here" });
    await session.prepare([runs]);
    const [backend] = await destination.select("select pg_backend_pid() as pid");
    return { session, destination, pid: String(backend?.["pid"]) };
  }

  test.each([1, 1000])(
    "a write of %i rows is repeated if the server ends the connection",
    async (count) => {
      const { session, pid } = await sessionAndBackend();
      await fixture.database.query("begin; lock table runs in access exclusive mode");
      const many = Array.from({ length: count }, (_, index) => ({ id: `r${index}` }));
      const write = session.write([{ stream: "runs", rows: many, checkpoint: { page: 1 } }]);
      await untilWaiting(pid);
      await fixture.database.query(`select pg_terminate_backend(${pid}, 5000); commit`);
      expect(countsOf(await write)).toEqual({ inserted: count });
      expect(await fixture.texts("select count(*) from runs")).toEqual([String(count)]);
    },
  );

  async function untilWaiting(pid: string): Promise<void> {
    const sql = `select count(*) from pg_locks where pid = ${pid} and not granted`;
    while ((await fixture.texts(sql))[0] === "0") await new Promise(setImmediate);
  }

  test("a table that another program has locked is waited for, then reported", async () => {
    const { session } = await sessionAndBackend({ busyMs: 50 });
    await fixture.database.query("begin; lock table runs in access exclusive mode");
    const write = session.write([{ stream: "runs", rows }]);
    await expect(write).rejects.toThrow(/another program has locked a table for too long/);
    await expect(write).rejects.toBeInstanceOf(TransientError);
    await fixture.database.query("commit");
    expect(countsOf(await session.write([{ stream: "runs", rows }]))).toEqual({ inserted: 1 });
  });

  test("a table that another program has locked is not waited for after an interruption", async () => {
    const interruption = new AbortController();
    const { session, pid } = await sessionAndBackend({ signal: interruption.signal });
    await fixture.database.query("begin; lock table runs in access exclusive mode");
    const write = session.write([{ stream: "runs", rows }]).catch((error: unknown) => error);
    await untilWaiting(pid);
    interruption.abort(new Error("enough"));
    expect(await write).toEqual(new Error("enough"));
    await fixture.database.query("commit");
    expect(countsOf(await session.write([{ stream: "runs", rows }]))).toEqual({ inserted: 1 });
  });

  /** Makes the first inserts fail as if they conflicted with another transaction. */
  async function conflict(times: number, code: string): Promise<void> {
    await fixture.database
      .query(`create sequence attempts; create function fail() returns trigger language plpgsql as $$
      begin
        if nextval('attempts') <= ${times} then raise exception 'in the way' using errcode = '${code}'; end if;
        return new;
      end $$; create trigger fail before insert on runs for each row execute function fail()`);
  }

  test.each(["40001", "40P01"])("a transaction that fails with %s is run again", async (code) => {
    const session = await fixture.session([runs]);
    await fixture.database.query(
      `set search_path to ${new URL(fixture.database.url).searchParams.get("schema") ?? ""}`,
    );
    await conflict(3, code);
    const write = session.write([{ stream: "runs", rows, checkpoint: { page: 1 } }]);
    expect(countsOf(await write)).toEqual({ inserted: 1 });
    expect(await fixture.texts("select last_value from attempts")).toEqual(["4"]);
  });

  test("a transaction that always fails ends the sync", async () => {
    const session = await fixture.session([runs]);
    await conflict(100, "40001");
    await expect(session.write([{ stream: "runs", rows }])).rejects.toBeInstanceOf(TransientError);
    expect(await fixture.texts("select count(*) from runs")).toEqual(["0"]);
  });

  test("a view on an integer column prevents widening it", async () => {
    const session = await fixture.session([runs]);
    await fixture.database.query("create view seen as select steps from runs");
    const batch = {
      stream: "runs",
      rows: [
        { id: "a", steps: 1.5 },
        { id: "b", steps: 2 },
      ],
    };
    expect(countsOf(await session.write([batch]))).toEqual({ inserted: 1, rejected: 1 });
    const prepare = session.prepare([{ ...runs, columns: { ...runs.columns, steps: "double" } }]);
    await expect(prepare).rejects.toBeInstanceOf(ConfigError);
    await expect(prepare).rejects.toThrow(/column "steps".*used by a view/);
  });
});
