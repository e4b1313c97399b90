import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { ConfigError, TransientError } from "../../src/core/errors.ts";
import { CheckpointStore } from "../../src/destination/sql/checkpoints.ts";
import type { Session } from "../../src/core/destination.ts";
import { LocalEngine } from "../../src/destination/sqlite/engine.ts";
import { SqliteTransaction } from "../../src/destination/sqlite/transaction.ts";
import { sqlites } from "../support/databases.ts";
import { countsOf, runs, useDatabase } from "./fixture.ts";

describe.each(sqlites)("a transaction of %s that ends before its time", (_name, create) => {
  const fixture = useDatabase(create);

  /** Has a row refused in such a way that SQLite ends the transaction by itself, or only the statement. */
  async function refuse(id: string, how: "rollback" | "abort" = "rollback"): Promise<void> {
    await fixture.database.query(
      `create trigger refuse_${how} before insert on runs when new.id = '${id}' begin select raise(${how}, 'not ${id}'); end`,
    );
  }

  async function accept(): Promise<void> {
    await fixture.database.query("drop trigger refuse_rollback");
  }

  const rowsOf = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ id: `r${index}`, steps: index }));

  async function expectNothing(session: Session): Promise<void> {
    expect(await fixture.texts("select id from runs")).toEqual([]);
    expect(
      await fixture.texts("select checkpoint from _rivulet_state where stream = 'runs'"),
    ).toEqual([]);
    expect(await fixture.texts("select key from _rivulet_quarantine")).toEqual([]);
    expect(await session.state()).toEqual(new Map());
    expect(await session.countQuarantined(["runs"])).toBe(0);
  }

  test.each([
    ["first", "r10"],
    ["last", "r4999"],
  ])(
    "takes all of it along, whichever rows were sent with it, where one of the %s is refused",
    async (_place, id) => {
      const session = await fixture.session([runs]);
      await refuse(id);
      const batch = { stream: "runs", rows: rowsOf(5000), checkpoint: { page: 1 } };
      const written = session.write([batch]);
      await expect(written).rejects.toBeInstanceOf(ConfigError);
      await expect(written).rejects.toThrow(`the table refused the row (not ${id})`);
      await expectNothing(session);
      await accept();
      expect(countsOf(await session.write([batch]))).toEqual({ inserted: 5000 });
      expect(await session.state()).toEqual(new Map([["runs", new Map([["", { page: 1 }]])]]));
    },
  );

  test("is said to have ended for its own reason, not for that of what was sent with it", async () => {
    const session = await fixture.session([runs]);
    await fixture.database.query("drop table runs");
    // The column is widened while the lock is verified.
    const written = session.write([{ stream: "runs", rows: [{ id: "a", steps: 0.5 }] }]);
    await expect(written).rejects.toBeInstanceOf(TransientError);
    await expect(written).rejects.toThrow("no such table: runs");
  });

  test("takes along what was stored while the rows were looked for that are refused", async () => {
    const session = await fixture.session([runs]);
    await refuse("r3", "abort");
    await refuse("r60");
    const batch = { stream: "runs", rows: rowsOf(100), checkpoint: { page: 1 } };
    const written = session.write([batch]);
    await expect(written).rejects.toBeInstanceOf(ConfigError);
    await expect(written).rejects.toThrow("the table refused the row (not r60)");
    await expectNothing(session);
    await accept();
    expect(countsOf(await session.write([batch]))).toEqual({ inserted: 99, rejected: 1 });
  });

  test("takes the rows along where it is a checkpoint that is refused, and says why", async () => {
    const session = await fixture.session([runs]);
    await session.write([{ stream: "runs", rows: [], partition: "a", checkpoint: { page: 1 } }]);
    await fixture.database.query(
      "create trigger refuse_rollback before delete on _rivulet_state begin select raise(rollback, 'kept'); end",
    );
    const batches = [
      { stream: "runs", rows: rowsOf(10), partition: "a", checkpoint: null },
      { stream: "runs", rows: [], partition: "b", checkpoint: { page: 1 } },
    ];
    await expect(session.write(batches)).rejects.toThrow("(kept)");
    const state = "select partition from _rivulet_state where checkpoint like '%page%'";
    expect(await fixture.texts("select id from runs")).toEqual([]);
    expect(await fixture.texts(state)).toEqual(["a"]);
    await accept();
    expect(countsOf(await session.write(batches))).toEqual({ inserted: 10 });
    expect(await fixture.texts(state)).toEqual(["b"]);
  });
});

describe("checkpoints that are sent to SQLite together", () => {
  const fixture = useDatabase(sqlites[0][1]);

  test("are compared first, then forgotten, then put", async () => {
    await fixture.session([runs]);
    const told: string[] = [];
    const db = new Database(fixture.database.url.slice("sqlite:".length), {
      verbose: (statement) => told.push(String(statement)),
    });
    try {
      const engine = Object.assign(new LocalEngine(db), { isPipelined: true });
      const tx = new SqliteTransaction(engine, "sqlite");
      const checkpoints = new CheckpointStore("test", 1);
      const change = new Map([["runs", new Map([["a", "{}"]])]]);
      await checkpoints.save(tx, change);
      checkpoints.afterCommit(change);
      told.length = 0;
      await checkpoints.save(
        tx,
        new Map([
          [
            "runs",
            new Map([
              ["a", null],
              ["b", "{}"],
            ]),
          ],
        ]),
      );
      expect(told.map((statement) => statement.split(" ", 1).join())).toEqual([
        "select",
        "delete",
        "insert",
      ]);
    } finally {
      db.close();
    }
  });
});
