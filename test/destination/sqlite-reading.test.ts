import { chmod, readFile, readdir, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { openDestination } from "../../src/destination/open.ts";
import { newSqlite } from "../support/databases.ts";
import { runs, silent, useDatabase } from "./fixture.ts";
import { asUnprivileged } from "./unprivileged.ts";

describe("reading a SQLite file", () => {
  const fixture = useDatabase(newSqlite);
  const path = () => fixture.database.url.slice("sqlite:".length);

  /** All reads that commands do which write nothing. */
  async function readAll(): Promise<unknown[]> {
    await using destination = await openDestination(fixture.database.url, { log: silent });
    const keys: unknown[] = [];
    for await (const key of destination.keys(runs)) keys.push(key);
    const [state, syncs] = [await destination.state("test"), await destination.syncs(5)];
    return [keys, state.size, syncs.length, await destination.select("select count(*) from runs")];
  }

  /** Name, modification time and content of each file. */
  async function files(): Promise<unknown> {
    const names = (await readdir(dirname(path()))).filter((name) => !name.endsWith("-shm"));
    return await Promise.all(
      names.map(async (name) => {
        const file = `${dirname(path())}/${name}`;
        return [name, (await stat(file)).mtimeMs, (await readFile(file)).toString("base64")];
      }),
    );
  }

  async function fill(): Promise<void> {
    const session = await fixture.session([runs]);
    await session.write([{ stream: "runs", rows: [{ id: "a" }], checkpoint: { page: 1 } }]);
  }

  async function fillAndClose(): Promise<void> {
    await using destination = await openDestination(fixture.database.url, { log: silent });
    await using session = await destination.lock({ name: "test", identity: "here" });
    await session.prepare([runs]);
    await session.write([{ stream: "runs", rows: [{ id: "a" }], checkpoint: { page: 1 } }]);
  }

  const all = [[["a"]], 1, 0, [{ "count(*)": 1n }]];

  test("does not change an idle file, and leaves nothing beside it", async () => {
    await fillAndClose();
    const before = await files();
    expect(await readAll()).toEqual(all);
    expect(await files()).toEqual(before);
    expect(await readdir(dirname(path()))).toEqual(["test.db"]);
  });

  test("does not change a file that a sync is writing, and sees what is committed", async () => {
    await fill();
    const before = await files();
    expect(await readAll()).toEqual(all);
    expect(await files()).toEqual(before);
  });

  test("does not change a file and log that a dead sync left", async () => {
    await fill();
    const copies = await Promise.all([path(), `${path()}-wal`].map((file) => readFile(file)));
    await fixture.database.query("delete from runs");
    const other = await newSqlite();
    try {
      await writeFile(other.path, copies[0] ?? "");
      await writeFile(`${other.path}-wal`, copies[1] ?? "");
      await using destination = await openDestination(other.url, { log: silent });
      expect((await destination.state("test")).size).toBe(1);
      await destination[Symbol.asyncDispose]();
      expect(
        await Promise.all([other.path, `${other.path}-wal`].map((file) => readFile(file))),
      ).toEqual(copies);
    } finally {
      await other.drop();
    }
  });

  test("keeps the journal mode of another program's database, and so does a check", async () => {
    await fixture.database.query(
      "create table runs (id text primary key not null, _deleted integer)",
    );
    const before = await files();
    expect(await readAll()).toEqual([[], 0, 0, [{ "count(*)": 0n }]]);
    await (await fixture.open()).check();
    expect(await files()).toEqual(before);
    const db = new Database(path());
    expect(db.pragma("journal_mode", { simple: true })).toBe("delete");
    db.close();
  });

  test.skipIf(process.platform === "win32").each([
    ["a file", 0o777],
    ["a file in a directory", 0o555],
  ])("works with %s that is not writable", async (_what, mode) => {
    await fillAndClose();
    await chmod(path(), 0o444);
    await chmod(dirname(path()), mode);
    await asUnprivileged(async () => {
      expect(await readAll()).toEqual(all);
    });
    await chmod(dirname(path()), 0o755);
  });
});
