import { chmod, copyFile, readdir, rename, rm, stat, symlink } from "node:fs/promises";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { ConfigError, TransientError } from "../../src/core/errors.ts";
import { openDestination } from "../../src/destination/open.ts";
import { openSqlite } from "../../src/destination/sqlite/dialect.ts";
import { FileIdentity } from "../../src/destination/sqlite/file-identity.ts";
import { sqlites } from "../support/databases.ts";
import { runs, silent, useDatabase } from "./fixture.ts";
import { asUnprivileged } from "./unprivileged.ts";

const lost = "the file was removed or replaced while it was in use; run the command again";

// Windows does not allow to remove or replace an open file.
describe.skipIf(process.platform === "win32").each(sqlites)("a file of %s", (_name, create) => {
  const fixture = useDatabase(create);
  const path = () => fixture.database.url.slice("sqlite:".length);
  const backup = () => `${path()}.backup`;

  const rowsOf = (prefix: string) =>
    Array.from({ length: 300 }, (_, index) => ({
      id: `${prefix}${index}`,
      project: "x".repeat(200),
    }));
  const write = async (prefix: string, url = fixture.database.url, middle = async () => {}) => {
    const { thread = false } = fixture.database;
    await using destination = await openDestination(url, { log: silent, thread });
    await using session = await destination.lock({ name: "test", identity: "here" });
    await session.prepare([runs]);
    await session.write([{ stream: "runs", rows: rowsOf(prefix) }]);
    await middle();
    await session.write([{ stream: "runs", rows: rowsOf(`more ${prefix}`) }]);
  };

  /** Writes "a", makes a backup, and writes "b". */
  async function backUp(): Promise<void> {
    await write("a");
    await fixture.database.query(`vacuum into '${backup()}'`);
    await write("b");
  }

  async function expectWhole(...prefixes: string[]): Promise<void> {
    expect(await fixture.texts("pragma integrity_check")).toEqual(["ok"]);
    expect(
      await fixture.texts("select distinct rtrim(id, '0123456789') from runs order by 1"),
    ).toEqual(prefixes);
  }

  test("that is replaced by its backup leaves the backup unchanged, and the next sync resumes from it", async () => {
    await backUp();
    const written = write("c", undefined, () => rename(backup(), path()));
    await expect(written).rejects.toThrow(lost);
    expect(await readdir(dirname(path()))).toEqual(["test.db"]);
    await expectWhole("a", "more a");
    await write("d");
    await expectWhole("a", "d", "more a", "more d");
  });

  test("that is removed leaves no log to the file that replaces it", async () => {
    await backUp();
    await expect(write("c", undefined, () => rm(path()))).rejects.toThrow(lost);
    expect(await readdir(dirname(path()))).toEqual(["test.db.backup"]);
    await rename(backup(), path());
    await expectWhole("a", "more a");
    await write("d");
    await expectWhole("a", "d", "more a", "more d");
  });

  test("that is new and removed leaves nothing", async () => {
    await expect(write("a", undefined, () => rm(path()))).rejects.toThrow(lost);
    expect(await readdir(dirname(path()))).toEqual([]);
    await write("b");
    await expectWhole("b", "more b");
  });

  test("that is replaced by one with its own log leaves that log", async () => {
    await backUp();
    const other = new Database(backup());
    other.pragma("journal_mode = wal");
    other.exec("insert into runs (id) values ('in the log')");
    for (const end of ["", "-wal"]) await copyFile(backup() + end, `${path()}.copy${end}`);
    other.close();
    const { ino } = await stat(`${path()}.copy-wal`);
    const written = write("c", undefined, async () => {
      for (const end of ["-wal", ""]) await rename(`${path()}.copy${end}`, path() + end);
    });
    await expect(written).rejects.toThrow(lost);
    expect((await stat(`${path()}-wal`)).ino).toBe(ino);
    await expectWhole("a", "in the log", "more a");
  });

  test("that is reached through a symbolic link leaves no log either", async () => {
    await backUp();
    await symlink(path(), `${path()}.link`);
    const written = write("c", `${fixture.database.url}.link`, () => rename(backup(), path()));
    await expect(written).rejects.toThrow(lost);
    expect(await readdir(dirname(path()))).toEqual(["test.db", "test.db.link"]);
    await expectWhole("a", "more a");
  });

  test("that the link no longer leads to keeps its log for programs that still write to it", async () => {
    await backUp();
    const link = `${path()}.link`;
    await symlink(path(), link);
    const other = new Database(path());
    other.prepare("select id from runs").get();
    const written = write("c", `${fixture.database.url}.link`, async () => {
      await rm(link);
      await symlink(backup(), link);
    });
    await expect(written).rejects.toThrow(lost);
    other.prepare("insert into runs (id) values ('other')").run();
    await expectWhole("a", "b", "c", "more a", "more b", "other");
    other.close();
    await expectWhole("a", "b", "c", "more a", "more b", "other");
  });

  test("that is missing after it was read fails the read", async () => {
    await write("a");
    const { thread = false } = fixture.database;
    await using dialect = openSqlite(fixture.database.url, { busyMs: 50, thread });
    const read = dialect.read(() => rm(path()));
    await expect(read).rejects.toBeInstanceOf(TransientError);
    await expect(read).rejects.toThrow(`${fixture.database.url}: ${lost}`);
  });

  test("whose directory is no longer accessible is a configuration error", async () => {
    const session = await fixture.session([runs]);
    await chmod(dirname(path()), 0o000);
    await asUnprivileged(async () => {
      const written = session.write([{ stream: "runs", rows: rowsOf("a") }]);
      await expect(written).rejects.toBeInstanceOf(ConfigError);
      await expect(written).rejects.toThrow(
        `${fixture.database.url}: permission denied; check the permissions of its directory (EACCES`,
      );
    });
    await chmod(dirname(path()), 0o755);
  });

  test("that is replaced by a link to itself counts as replaced", async () => {
    const session = await fixture.session([runs]);
    await rm(path());
    await symlink(path(), path());
    const written = session.write([{ stream: "runs", rows: rowsOf("a") }]);
    await expect(written).rejects.toBeInstanceOf(TransientError);
    await expect(written).rejects.toThrow(`${fixture.database.url}: ${lost}`);
  });
});

test("a file that disappeared right after it was opened counts as removed", () => {
  const file = new FileIdentity("/no/such/place/x.db");
  expect(() => {
    file.verifyUnchanged();
  }).toThrow(new TransientError(`sqlite:/no/such/place/x.db: ${lost}`));
});
