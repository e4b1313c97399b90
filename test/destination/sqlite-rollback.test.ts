import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { ConfigError, TransientError } from "../../src/core/errors.ts";
import { CheckpointStore } from "../../src/destination/sql/checkpoints.ts";
import type { Session } from "../../src/core/destination.ts";
import { LocalEngine } from "../../src/destination/sqlite/engine.ts";
import { SqliteTransaction } from "../../src/destination/sqlite/transaction.ts";
import { sqlites } from "../support/databases.ts";
import { countsOf, runs, useDatabase } from "./fixture.ts";

describe.each(sqlites)("a transaction that %s ends early", (_name, create) => {
  const fixture = useDatabase(create);

  /** Makes SQLite refuse a row, and end the whole transaction or only the statement. */
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
    "rolls back everything, including rows sent along, if one of the %s is refused",
    async (_place, id) => {
      const session = await fixture.session([runs]);
      await refuse(id);
      const batch = { stream: "runs", rows: rowsOf(5000), checkpoint: { page: 1 } };
      const write = session.write([batch]);
      await expect(write).rejects.toBeInstanceOf(ConfigError);
      await expect(write).rejects.toThrow(`the table refused the row (not ${id})`);
      await expectNothing(session);
      await accept();
      expect(countsOf(await session.write([batch]))).toEqual({ inserted: 5000 });
      expect(await session.state()).toEqual(new Map([["runs", new Map([["", { page: 1 }]])]]));
    },
  );

  test("is reported with its own reason, not with that of the calls sent along", async () => {
    const session = await fixture.session([runs]);
    await fixture.database.query("drop table runs");
    // The column is widened while the lease is verified.
    const write = session.write([{ stream: "runs", rows: [{ id: "a", steps: 0.5 }] }]);
    await expect(write).rejects.toBeInstanceOf(TransientError);
    await expect(write).rejects.toThrow("no such table: runs");
  });

  test("rolls back what was stored while the refused rows were being isolated", async () => {
    const session = await fixture.session([runs]);
    await refuse("r3", "abort");
    await refuse("r60");
    const batch = { stream: "runs", rows: rowsOf(100), checkpoint: { page: 1 } };
    const write = session.write([batch]);
    await expect(write).rejects.toBeInstanceOf(ConfigError);
    await expect(write).rejects.toThrow("the table refused the row (not r60)");
    await expectNothing(session);
    await accept();
    expect(countsOf(await session.write([batch]))).toEqual({ inserted: 99, rejected: 1 });
  });

  test("rolls back the rows if a checkpoint is refused, and says why", async () => {
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

describe("checkpoints that are pipelined to SQLite", () => {
  const fixture = useDatabase(sqlites[0][1]);

  test("are compared first, then deleted, then inserted", async () => {
    await fixture.session([runs]);
    const statements: string[] = [];
    const db = new Database(fixture.database.url.slice("sqlite:".length), {
      verbose: (statement) => statements.push(String(statement)),
    });
    try {
      const engine = Object.assign(new LocalEngine(db), { isPipelined: true });
      const tx = new SqliteTransaction(engine, "sqlite");
      const checkpoints = new CheckpointStore("test", 1);
      const change = new Map([["runs", new Map([["a", "{}"]])]]);
      await checkpoints.save(tx, change);
      checkpoints.afterCommit(change);
      statements.length = 0;
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
      expect(statements.map((statement) => statement.split(" ", 1).join())).toEqual([
        "select",
        "delete",
        "insert",
      ]);
    } finally {
      db.close();
    }
  });
});
