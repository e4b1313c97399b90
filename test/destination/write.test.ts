import { statSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { TransientError } from "../../src/core/errors.ts";
import type { Row, Table } from "../../src/core/schema.ts";
import { destinations } from "../support/databases.ts";
import { countsOf, runs, useDatabase } from "./fixture.ts";

describe.each(destinations)("writing to %s", (dialect, create) => {
  const fixture = useDatabase(create);

  const liveIds = (): Promise<string[]> =>
    fixture.texts("select id from runs where not _deleted order by id");
  const rowsOf = (...ids: string[]): Row[] => ids.map((id) => ({ id, project: "p" }));

  test("counts rows inserted, updated and unchanged", async () => {
    const session = await fixture.session([runs]);
    const row = { id: "a", project: "p", steps: 1, loss: 0.5, raw: '{"a":1}' };
    expect(countsOf(await session.write([{ stream: "runs", rows: [row] }]))).toEqual({
      inserted: 1,
    });
    const rows = [row, { ...row, id: "b" }, { ...row, id: "c", loss: NaN }];
    expect(countsOf(await session.write([{ stream: "runs", rows }]))).toEqual({
      inserted: 2,
      unchanged: 1,
    });
    const next = [
      { ...row, steps: 2 },
      { ...row, id: "b", project: null },
      { ...row, id: "c", loss: NaN },
    ];
    expect(countsOf(await session.write([{ stream: "runs", rows: next }]))).toEqual({
      updated: 2,
      unchanged: 1,
    });
  });

  test.each([1, 49, 50, 51, 199, 201, 1000])("counts %i rows exactly", async (count) => {
    const session = await fixture.session([runs]);
    const rows = Array.from({ length: count }, (_, index) => ({ id: `r${index}`, steps: index }));
    expect(countsOf(await session.write([{ stream: "runs", rows }]))).toEqual({ inserted: count });
    expect(countsOf(await session.write([{ stream: "runs", rows }]))).toEqual({ unchanged: count });
    const next = rows.map((row) => ({ ...row, steps: -row.steps - 1 }));
    expect(countsOf(await session.write([{ stream: "runs", rows: next }]))).toEqual({
      updated: count,
    });
    expect(await fixture.texts("select count(*) from runs where steps < 0")).toEqual([
      String(count),
    ]);
  });

  test("keeps _synced_at of unchanged rows, and updates it for changed ones", async () => {
    const session = await fixture.session([runs]);
    await session.write([{ stream: "runs", rows: rowsOf("a", "b", "c") }]);
    await fixture.database.query("update runs set _synced_at = '2024-01-01T00:00:00.000000Z'");
    const rows = [...rowsOf("a"), { id: "b", project: "q" }];
    await session.write([{ stream: "runs", rows, deletes: [["c"]] }]);
    const old = "select id from runs where _synced_at = '2024-01-01T00:00:00.000000Z'";
    expect(await fixture.texts(old)).toEqual(["a"]);
  });

  test("writes nothing to the database if nothing changed", async () => {
    const session = await fixture.session([runs]);
    const batch = { stream: "runs", rows: rowsOf("a", "b"), checkpoint: { since: "x" } };
    await session.write([batch]);
    const many = Array.from({ length: 500 }, (_, index) => ({ id: `m${index}`, steps: index }));
    await session.write([{ stream: "runs", rows: many }]);
    const before = await traces();
    expect(countsOf(await session.write([batch, { stream: "runs", rows: many }]))).toEqual({
      unchanged: 502,
    });
    expect(await traces()).toEqual(before);
  });

  /** Traces of a write: the log's size, or the transactions that created and locked each row. */
  async function traces(): Promise<unknown> {
    if (dialect !== "postgres") {
      const path = fixture.database.url.slice("sqlite:".length);
      return [path, `${path}-wal`].map((file) => [statSync(file).size, statSync(file).mtimeMs]);
    }
    return [
      await fixture.database.query("select ctid, xmin, xmax, id from runs order by id"),
      // The lock's row may count the transaction, whose temporary table is a write to Postgres.
      await fixture.database.query(
        "select ctid, xmin, xmax from _rivulet_state where stream <> '' order by stream",
      ),
    ];
  }

  test("keeps the last of several rows with the same key", async () => {
    const session = await fixture.session([runs]);
    const rows = [1, 2, 3].map((steps) => ({ id: "a", steps }));
    const batches = [
      { stream: "runs", rows },
      { stream: "runs", rows: [{ id: "a", steps: 4 }] },
    ];
    expect(countsOf(await session.write(batches))).toEqual({ inserted: 1, unchanged: 3 });
    expect(await fixture.texts("select steps from runs")).toEqual(["4"]);
  });

  test("keeps keys of several columns apart, whatever they contain", async () => {
    const table: Table = {
      name: "runs",
      columns: { id: "string", step: "integer", key: "string" },
      primaryKey: ["id", "step", "key"],
    };
    const session = await fixture.session([table]);
    const rows = [
      { id: "b:", step: 1, key: "" },
      { id: "a", step: 11, key: "1" },
      { id: "a", step: 1, key: "11" },
      { id: "a", step: 1, key: "1:1" },
      { id: "a1", step: 1, key: "1" },
    ];
    expect(countsOf(await session.write([{ stream: "runs", rows }]))).toEqual({ inserted: 5 });
    const deletes = [
      ["a", 1, "11"],
      ["a", 1, "12"],
    ];
    expect(countsOf(await session.write([{ stream: "runs", rows: [], deletes }]))).toEqual({
      deleted: 1,
    });
  });

  test("stores tables that have only key columns", async () => {
    const table: Table = { name: "runs", columns: { id: "string" }, primaryKey: ["id"] };
    const session = await fixture.session([table]);
    const batch = { stream: "runs", rows: [{ id: "a" }, { id: "b" }] };
    expect(countsOf(await session.write([batch]))).toEqual({ inserted: 2 });
    expect(countsOf(await session.write([{ ...batch, deletes: [["a"]] }]))).toEqual({
      unchanged: 2,
      deleted: 1,
    });
    expect(countsOf(await session.write([batch]))).toEqual({ updated: 1, unchanged: 1 });
  });

  test("marks deleted rows and keeps their values, once", async () => {
    const session = await fixture.session([runs]);
    await session.write([{ stream: "runs", rows: rowsOf("a", "b") }]);
    const batch = { stream: "runs", rows: [], deletes: [["a"], ["nobody"]] };
    expect(countsOf(await session.write([batch]))).toEqual({ deleted: 1 });
    expect(countsOf(await session.write([batch]))).toEqual({});
    expect(await liveIds()).toEqual(["b"]);
    expect(await fixture.texts("select project from runs where id = 'a'")).toEqual(["p"]);
  });

  test("restores a deleted row that reappears unchanged", async () => {
    const session = await fixture.session([runs]);
    await session.write([{ stream: "runs", rows: rowsOf("a"), deletes: [["a"]] }]);
    expect(await liveIds()).toEqual([]);
    expect(countsOf(await session.write([{ stream: "runs", rows: rowsOf("a") }]))).toEqual({
      updated: 1,
    });
    expect(await liveIds()).toEqual(["a"]);
  });

  test("applies batches in order", async () => {
    const session = await fixture.session([runs]);
    await session.write([
      { stream: "runs", rows: rowsOf("a", "b") },
      { stream: "runs", rows: [], deletes: [["a"], ["b"]] },
      { stream: "runs", rows: rowsOf("b") },
    ]);
    expect(await liveIds()).toEqual(["b"]);
  });

  test("sweeps only tables that had rows before the session, or parts that are traversed again", async () => {
    const first = await fixture.session([runs]);
    await first.write([{ stream: "runs", rows: rowsOf("a", "b"), sweep: { keys: [["a"]] } }]);
    expect(await liveIds()).toEqual(["a", "b"]);
    const sweep = { keys: [["a"]], again: true };
    expect(countsOf(await first.write([{ stream: "runs", rows: [], sweep }]))).toEqual({
      deleted: 1,
    });
  });

  describe("sweeping", () => {
    async function filled(rows: readonly Row[]) {
      const session = await fixture.session([runs]);
      await session.write([{ stream: "runs", rows }]);
      await session.prepare([runs]);
      return session;
    }

    test("marks rows that are not among the keys", async () => {
      const session = await filled(rowsOf("a", "b", "c"));
      const batch = { stream: "runs", rows: [], sweep: { keys: [["b"], ["x"]] } };
      expect(countsOf(await session.write([batch]))).toEqual({ deleted: 2 });
      expect(await liveIds()).toEqual(["b"]);
      expect(countsOf(await session.write([batch]))).toEqual({});
    });

    test("marks everything if there are no keys", async () => {
      const session = await filled(rowsOf("a", "b"));
      await session.write([{ stream: "runs", rows: [], sweep: { keys: [] } }]);
      expect(await liveIds()).toEqual([]);
    });

    test("marks only rows in the range of keys, which are ordered by bytes", async () => {
      const session = await filled(rowsOf("A", "B", "Z", "a", "b", "é"));
      await session.write([
        {
          stream: "runs",
          rows: [],
          sweep: { range: { column: "id", from: "B", below: "b" }, keys: [["Z"]] },
        },
      ]);
      expect(await liveIds()).toEqual(["A", "Z", "b", "é"].sort());
      await session.write([
        { stream: "runs", rows: [], sweep: { range: { column: "id", from: "c" }, keys: [] } },
      ]);
      expect((await liveIds()).sort()).toEqual(["A", "Z", "b"]);
    });

    test("marks only rows with the values of `where`, one of which may be null", async () => {
      const session = await filled([
        { id: "a", project: "p", steps: 1 },
        { id: "b", project: "p", steps: 2 },
        { id: "c", project: "q", steps: 1 },
        { id: "d", project: null, steps: 1 },
      ]);
      await session.write([
        { stream: "runs", rows: [], sweep: { where: { project: "p", steps: 1 }, keys: [] } },
      ]);
      expect(await liveIds()).toEqual(["b", "c", "d"]);
      await session.write([
        { stream: "runs", rows: [], sweep: { where: { project: null }, keys: [] } },
      ]);
      expect(await liveIds()).toEqual(["b", "c"]);
      await session.write([
        { stream: "runs", rows: [], sweep: { where: { steps: "many" }, keys: [] } },
      ]);
      expect(await liveIds()).toEqual(["b", "c"]);
    });

    test("compares the columns of `by` instead of the key", async () => {
      const session = await filled([
        { id: "a", project: "p" },
        { id: "b", project: "q" },
        { id: "c", project: "q" },
      ]);
      await session.write([
        { stream: "runs", rows: [], sweep: { by: ["project"], keys: [["q"]] } },
      ]);
      expect(await liveIds()).toEqual(["b", "c"]);
    });

    test("creates an index for `where` once, in a table that had rows", async () => {
      const session = await filled(rowsOf("a"));
      const batch = { stream: "runs", rows: [], sweep: { where: { project: "p" }, keys: [["a"]] } };
      await session.write([batch]);
      await session.write([batch]);
      const sql =
        dialect !== "postgres"
          ? "select count(*) from sqlite_schema where type = 'index' and sql is not null and tbl_name = 'runs'"
          : "select count(*) from pg_indexes where schemaname = current_schema() and indexdef like '%(project)'";
      expect(await fixture.texts(sql)).toEqual(["1"]);
    });

    test("accepts a hundred thousand keys", async () => {
      const ids = Array.from({ length: 100_000 }, (_, index) => `k${index}`);
      const session = await filled(rowsOf(...ids.slice(0, 1000), "gone"));
      const sweep = { keys: ids.map((id) => [id]) };
      expect(countsOf(await session.write([{ stream: "runs", rows: [], sweep }]))).toEqual({
        deleted: 1,
      });
    });

    test("ignores keys that no row can have", async () => {
      const table: Table = { name: "runs", columns: { id: "integer" }, primaryKey: ["id"] };
      const session = await fixture.session([table]);
      await session.write([{ stream: "runs", rows: [{ id: 1 }, { id: 2 }] }]);
      await session.prepare([table]);
      const sweep = { keys: [["1"], ["x"], [null], [2n ** 80n]] };
      expect(countsOf(await session.write([{ stream: "runs", rows: [], sweep }]))).toEqual({
        deleted: 1,
      });
    });
  });

  test("commits rows and checkpoints of all batches together, or none of them", async () => {
    const session = await fixture.session([runs, { ...runs, name: "other" }]);
    await session.write([{ stream: "other", rows: rowsOf("o"), checkpoint: { page: 1 } }]);
    await fixture.database.query("drop table runs");
    const write = session.write([
      { stream: "other", rows: rowsOf("p"), checkpoint: { page: 2 } },
      { stream: "runs", rows: rowsOf("a"), checkpoint: { page: 2 } },
    ]);
    await expect(write).rejects.toBeInstanceOf(TransientError);
    await expect(write).rejects.toThrow(/a table or column is missing; run the sync again.*runs/);
    expect(await fixture.texts("select id from other")).toEqual(["o"]);
    expect(await session.state()).toEqual(new Map([["other", new Map([["", { page: 1 }]])]]));
    expect(await (await fixture.open()).state("test")).toEqual(await session.state());
    await session.prepare([runs]);
    expect(countsOf(await session.write([{ stream: "runs", rows: rowsOf("a") }]))).toEqual({
      inserted: 1,
    });
  });

  test("changes a stamped column only with its row", async () => {
    const stamps = {
      name: "stamps",
      columns: { id: "string", text: "string", seen_at: "timestamp" },
      primaryKey: ["id"],
      stamped: ["seen_at"],
    } as const satisfies Table;
    const session = await fixture.session([stamps]);
    const write = async (hour: number, text: string) => {
      const row = { id: "a", text, seen_at: `2026-01-01T0${hour}:00:00Z` };
      return countsOf(await session.write([{ stream: "stamps", rows: [row] }]), "stamps");
    };
    const hour = async () => (await fixture.texts("select seen_at from stamps"))[0]?.slice(12, 13);
    expect(await write(1, "a")).toEqual({ inserted: 1 });
    expect(await write(2, "a")).toEqual({ unchanged: 1 });
    expect(await hour()).toBe("1");
    expect(await write(3, "b")).toEqual({ updated: 1 });
    expect(await hour()).toBe("3");
  });

  test("writes many rows into an empty table, then some of them again", async () => {
    const session = await fixture.session([runs]);
    const many = (from: number, project: string): Row[] =>
      Array.from({ length: 1000 }, (_, index) => ({ id: `r${from + index}`, project }));
    const write = async (rows: readonly Row[]) =>
      countsOf(await session.write([{ stream: "runs", rows }]));
    expect(await write(many(0, "a"))).toEqual({ inserted: 1000 });
    expect(await write(many(500, "b"))).toEqual({ inserted: 500, updated: 500 });
    expect(await write([...many(0, "a"), ...many(2000, "c")])).toEqual({
      inserted: 1000,
      updated: 500,
      unchanged: 500,
    });
    const counted = "select count(*) as rows, project from runs group by project order by project";
    expect(await fixture.texts(counted)).toEqual(["1000", "500", "1000"]);
  });

  test("stores a row of fifty megabytes", async () => {
    const session = await fixture.session([runs]);
    const text = "0123456789abcdef".repeat(50 * 65_536);
    const batch = {
      stream: "runs",
      rows: [{ id: "a", project: text, raw: JSON.stringify(text) }, { id: "b" }],
    };
    expect(countsOf(await session.write([batch]))).toEqual({ inserted: 2 });
    expect(countsOf(await session.write([batch]))).toEqual({ unchanged: 2 });
    expect(await fixture.texts("select length(project) from runs where id = 'a'")).toEqual([
      String(text.length),
    ]);
  });
});
