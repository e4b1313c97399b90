import { chmod, copyFile, mkdir, rename, writeFile } from "node:fs/promises";
import { closeSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { ConfigError, TransientError } from "../../src/core/errors.ts";
import { openDestination } from "../../src/destination/open.ts";
import { translateError } from "../../src/destination/sqlite/errors.ts";
import { newSqlite } from "../support/databases.ts";
import { runs, silent, useDatabase } from "./fixture.ts";
import { asUnprivileged } from "./unprivileged.ts";

describe("errors of a SQLite file", () => {
  const fixture = useDatabase(newSqlite);
  const path = () => fixture.database.url.slice("sqlite:".length);
  const check = async (): Promise<void> => {
    await (await fixture.open({ busyMs: 50 })).check();
  };

  test("a missing directory is not created", async () => {
    await using destination = await openDestination("sqlite:/no/such/place/x.db", { log: silent });
    await expect(destination.check()).rejects.toBeInstanceOf(ConfigError);
    await expect(destination.check()).rejects.toThrow(
      'sqlite:/no/such/place/x.db: there is no directory "/no/such/place"; create it first',
    );
  });

  test("a directory at the file's path is reported", async () => {
    await mkdir(path());
    await expect(check()).rejects.toBeInstanceOf(ConfigError);
    await expect(check()).rejects.toThrow(`${fixture.database.url}: cannot be opened`);
  });

  test.skipIf(process.platform === "win32")(
    "a directory without write permission is reported",
    async () => {
      await chmod(dirname(path()), 0o555);
      await asUnprivileged(async () => {
        await expect(check()).rejects.toBeInstanceOf(ConfigError);
        await expect(check()).rejects.toThrow(/check the path, and the permissions/);
      });
      await chmod(dirname(path()), 0o755);
    },
  );

  test.skipIf(process.platform === "win32")(
    "a file without write permission is reported",
    async () => {
      await (await fixture.session([runs]))[Symbol.asyncDispose]();
      await chmod(dirname(path()), 0o755);
      await chmod(path(), 0o444);
      await asUnprivileged(async () => {
        await expect(check()).rejects.toBeInstanceOf(ConfigError);
        await expect(check()).rejects.toThrow(/check .*the permissions/);
      });
    },
  );

  test.skipIf(process.platform === "win32").each(["removed", "replaced"])(
    "a file that is %s during a write fails the write",
    async (what) => {
      const session = await fixture.session([runs]);
      await session.write([{ stream: "runs", rows: [{ id: "a" }] }]);
      await rename(path(), `${path()}.aside`);
      if (what === "replaced") await copyFile(`${path()}.aside`, path());
      const write = session.write([{ stream: "runs", rows: [{ id: "b" }] }]);
      await expect(write).rejects.toBeInstanceOf(TransientError);
      await expect(write).rejects.toThrow(
        `${fixture.database.url}: the file was removed or replaced while it was in use; run the command again`,
      );
      await rename(`${path()}.aside`, path());
      await session.write([{ stream: "runs", rows: [{ id: "c" }] }]);
      expect(await fixture.texts("select id from runs order by id")).toEqual(["a", "c"]);
    },
  );

  test("a file that is not a database is refused", async () => {
    await writeFile(path(), "name,value\n".repeat(1000));
    await expect(check()).rejects.toBeInstanceOf(ConfigError);
    await expect(check()).rejects.toThrow(`${fixture.database.url}: not a SQLite database`);
  });

  test("a damaged database is reported as damaged", async () => {
    const session = await fixture.session([runs]);
    const rows = Array.from({ length: 2000 }, (_, index) => ({
      id: `r${index}`,
      project: "x".repeat(99),
    }));
    await session.write([{ stream: "runs", rows }]);
    await fixture.database.query("pragma wal_checkpoint(truncate)");
    const file = openSync(path(), "r+");
    for (let page = 3; page < 40; page += 1)
      writeSync(file, Buffer.alloc(8000, 0x5a), 0, 8000, page * 8192);
    closeSync(file);
    const destination = await fixture.open();
    const read = destination.select("select sum(length(project)) from runs");
    await expect(read).rejects.toBeInstanceOf(ConfigError);
    await expect(read).rejects.toThrow(/the database is damaged; restore it from a backup/);
  });

  test("a file that another program has locked is waited for, then reported", async () => {
    await fixture.session([runs]);
    const other = new Database(path());
    try {
      other.exec("begin immediate");
      await expect(check()).rejects.toBeInstanceOf(TransientError);
      await expect(check()).rejects.toThrow(/another program has locked the file/);
      const patient = (await fixture.open({ busyMs: 60_000 })).check();
      other.exec("rollback");
      await patient;
    } finally {
      other.close();
    }
  });

  test("waiting for another program ends at once when the sync is interrupted", async () => {
    await fixture.session([runs]);
    const other = new Database(path());
    const interruption = new AbortController();
    const { signal } = interruption;
    try {
      other.exec("begin immediate");
      const destination = await fixture.open({ busyMs: 600_000, signal });
      const check = destination.check();
      const lock = destination.lock({ name: "other" });
      setTimeout(() => {
        interruption.abort(new Error("interrupted"));
      }, 50);
      await expect(check).rejects.toThrow("interrupted");
      await expect(lock).rejects.toThrow("interrupted");
    } finally {
      other.close();
    }
  });

  test("a full disk is a transient error", () => {
    const small = new Database(":memory:");
    small.exec("create table t (x)");
    small.pragma("max_page_count = 3");
    try {
      small.prepare("insert into t values (?)").run("x".repeat(100_000));
      expect.unreachable("the database had to be full");
    } catch (error) {
      expect(translateError("sqlite:x.db", error)).toBeInstanceOf(TransientError);
      expect(String(translateError("sqlite:x.db", error))).toMatch(
        /sqlite:x.db: the disk is full; free some space/,
      );
    }
  });

  test("an error of another kind is passed on unchanged", () => {
    const error = new TypeError("a bug");
    expect(translateError("sqlite:x.db", error)).toBe(error);
  });
});
