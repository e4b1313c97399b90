import { describe, expect, test } from "vitest";
import type { Table } from "../../src/core/schema.ts";
import type { Batch, Rejected, Sweep } from "../../src/core/source.ts";
import type { Session } from "../../src/core/destination.ts";
import { destinations } from "../support/databases.ts";
import { countsOf, runs, useDatabase } from "./fixture.ts";

describe.each(destinations)("the quarantine of %s", (dialect, create) => {
  const fixture = useDatabase(create);
  const entries = () =>
    fixture.database.query(
      "select stream, key, payload, reason from _rivulet_quarantine order by key",
    );

  test("receives rows that their columns cannot hold, complete and with the reason; the rest is stored", async () => {
    const session = await fixture.session([runs]);
    const rows = [
      { id: "a", steps: "many", raw: '{"x":1}' },
      { id: "b", steps: 2n ** 64n },
      { id: "c", loss: "x" },
      { id: "d" },
      { project: "no key" },
      { id: null, project: "no key either" },
    ];
    expect(countsOf(await session.write([{ stream: "runs", rows }]))).toEqual({
      inserted: 1,
      rejected: 5,
    });
    expect(await session.countQuarantined(["runs"])).toBe(5);
    expect(await session.countQuarantined(["other"])).toBe(0);
    expect(await entries()).toEqual([
      {
        stream: "runs",
        key: '["a"]',
        payload: '{"id":"a","steps":"many","raw":"{\\"x\\":1}"}',
        reason: 'column "steps": expected an integer, got a string',
      },
      expect.objectContaining({ key: '["b"]', payload: '{"id":"b","steps":18446744073709551616}' }),
      expect.objectContaining({ key: '["c"]' }),
      expect.objectContaining({ key: expect.stringMatching(/^\[null\] [0-9a-f]{16}$/) as string }),
      expect.objectContaining({ key: expect.stringMatching(/^\[null\] [0-9a-f]{16}$/) as string }),
    ]);
  });

  test("receives the rows that the database refuses, however few among many", async () => {
    const session = await fixture.session([runs]);
    await refuse("steps", 13);
    const rows = Array.from({ length: 1000 }, (_, index) => ({
      id: `r${index}`,
      steps: index % 400,
    }));
    const batch = { stream: "runs", rows, checkpoint: { page: 1 } };
    expect(countsOf(await session.write([batch]))).toEqual({ inserted: 997, rejected: 3 });
    expect(await fixture.texts("select key from _rivulet_quarantine order by key")).toEqual([
      '["r13"]',
      '["r413"]',
      '["r813"]',
    ]);
    expect(await fixture.texts("select count(*) from runs")).toEqual(["997"]);
    expect(await session.state()).toEqual(new Map([["runs", new Map([["", { page: 1 }]])]]));
  });

  async function refuse(column: string, value: number): Promise<void> {
    const sql =
      dialect === "postgres"
        ? `alter table runs add check (${column} <> ${value})`
        : `create trigger refuse before insert on runs when new.${column} = ${value} begin select raise(abort, 'no'); end`;
    await fixture.database.query(sql);
  }

  if (dialect === "postgres") {
    test("receives rows with invalid JSON, or with numbers that jsonb cannot hold", async () => {
      const session = await fixture.session([runs]);
      const rows = [
        { id: "a", raw: '{"x":1e999999}' },
        { id: "b", raw: "{" },
        { id: "c", raw: "{}" },
      ];
      expect(countsOf(await session.write([{ stream: "runs", rows }]))).toEqual({
        inserted: 1,
        rejected: 2,
      });
      const many = Array.from({ length: 500 }, (_, index) => ({
        id: `m${index}`,
        raw: index === 250 ? "[" : "[]",
      }));
      expect(countsOf(await session.write([{ stream: "runs", rows: many }]))).toEqual({
        inserted: 499,
        rejected: 1,
      });
      expect(await fixture.texts("select id from runs where id = 'c'")).toEqual(["c"]);
      expect((await entries()).map(({ key }) => key)).toEqual(['["a"]', '["b"]', '["m250"]']);
    });

    test("receives rows whose key is longer than an index can hold", async () => {
      const session = await fixture.session([runs]);
      const id = Array.from({ length: 9000 }, (_, index) =>
        String.fromCodePoint(0x4e00 + ((index * 7919) % 20000)),
      ).join("");
      expect(
        countsOf(await session.write([{ stream: "runs", rows: [{ id }, { id: "b" }] }])),
      ).toEqual({ inserted: 1, rejected: 1 });
      expect(countsOf(await session.write([{ stream: "runs", rows: [{ id }] }]))).toEqual({
        rejected: 1,
      });
      expect(await session.countQuarantined(["runs"])).toBe(1);
    });
  }

  test("receives what the source could not parse, even text that the database cannot hold", async () => {
    const session = await fixture.session([runs]);
    const rejected = [{ key: "k\0", payload: "p\0\ud800", reason: "r\0" }];
    expect(countsOf(await session.write([{ stream: "runs", rows: [], rejected }]))).toEqual({
      rejected: 1,
    });
    expect(await entries()).toHaveLength(1);
    const again = await session.write([{ stream: "runs", rows: [], rejected }]);
    expect(countsOf(again)).toEqual({ rejected: 1 });
    expect(await entries()).toHaveLength(1);
  });

  test("drops a row's entry when the row is stored, in this session or a later one", async () => {
    const session = await fixture.session([runs]);
    const bad = ["a", "b"].map((id) => ({ id, steps: "many" }));
    await session.write([{ stream: "runs", rows: bad }]);
    await session.write([{ stream: "runs", rows: [{ id: "a", steps: 1 }] }]);
    expect(await session.countQuarantined(["runs"])).toBe(1);
    await session[Symbol.asyncDispose]();
    const later = await fixture.session([runs]);
    expect(await later.countQuarantined(["runs"])).toBe(1);
    await later.write([{ stream: "runs", rows: [{ id: "b", steps: 1 }] }]);
    expect(await later.countQuarantined(["runs"])).toBe(0);
    expect(await entries()).toEqual([]);
  });

  test("keeps an entry if the row was rejected after it was stored, and drops it the other way round", async () => {
    const session = await fixture.session([runs]);
    const rejected = [{ key: '["a"]', payload: "?", reason: "half of it" }];
    await session.write([
      { stream: "runs", rows: [{ id: "a" }], rejected },
      { stream: "runs", rows: [], rejected: [{ ...rejected[0]!, key: '["b"]' }] },
      { stream: "runs", rows: [{ id: "b" }] },
    ]);
    expect((await entries()).map(({ key }) => key)).toEqual(['["a"]']);
  });

  test("drops a partition's entry when the partition gets a checkpoint or is finished", async () => {
    const session = await fixture.session([runs]);
    const rejected = ["p", "q", "r"].map((partition) => ({
      key: JSON.stringify({ partition }),
      payload: partition,
      reason: "unreadable",
    }));
    await session.write([{ stream: "runs", rows: [], rejected }]);
    await session.write([
      { stream: "runs", rows: [], partition: "p", checkpoint: { done: true } },
      { stream: "runs", rows: [], partition: "q", checkpoint: null },
    ]);
    expect((await entries()).map(({ payload }) => payload)).toEqual(["r"]);
  });

  test("drops the entry of a row that is deleted in the source", async () => {
    const session = await fixture.session([runs]);
    const bad = ["a", "b", "c"].map((id) => ({ id, steps: "many" }));
    await session.write([{ stream: "runs", rows: bad }]);
    await session.write([{ stream: "runs", rows: [], deletes: [["a"], ["x"]] }]);
    expect((await entries()).map(({ key }) => key)).toEqual(['["b"]', '["c"]']);
    await session.write([
      { stream: "runs", rows: bad.slice(1, 2), deletes: [["b"]] },
      { stream: "runs", rows: [], deletes: [["c"]] },
      { stream: "runs", rows: bad.slice(2) },
    ]);
    expect((await entries()).map(({ key }) => key)).toEqual(['["c"]']);
  });

  /** Writes a batch in one session and returns the next one. */
  async function nextSession(
    batch: Partial<Batch>,
    tables: readonly Table[] = [runs],
  ): Promise<Session> {
    const session = await fixture.session(tables);
    await session.write([{ stream: "runs", rows: [], ...batch }]);
    await session[Symbol.asyncDispose]();
    return await fixture.session(tables);
  }

  const keys = async (): Promise<unknown[]> => (await entries()).map(({ key }) => key);
  const entry = (key: string, where?: Rejected["where"]): Rejected => ({
    key,
    payload: "?",
    reason: "unreadable",
    ...(where ? { where } : {}),
  });

  test("drops the entries of rows that a sweep covers and does not list", async () => {
    const rows = [
      { id: "a", project: "p", steps: "many" },
      { id: "b", project: "p", steps: "many" },
      { id: "c", project: "q", steps: "many" },
      { project: "p" },
    ];
    const session = await nextSession({ rows });
    const sweep = (part: Sweep) => session.write([{ stream: "runs", rows: [], sweep: part }]);
    await sweep({ where: { project: "p" }, range: { column: "id", from: "b" }, keys: [["b"]] });
    expect(await session.countQuarantined(["runs"])).toBe(4);
    await sweep({ where: { project: "p" }, range: { column: "id", below: "b" }, keys: [] });
    expect(await keys()).toEqual(['["b"]', '["c"]']);
    await sweep({ by: ["project"], keys: [["q"]] });
    expect(await keys()).toEqual(['["c"]']);
    await sweep({ keys: [["c"]] });
    expect(await keys()).toEqual(['["c"]']);
    await sweep({ keys: [["x"]] });
    expect(await keys()).toEqual([]);
    expect(await session.countQuarantined(["runs"])).toBe(0);
  });

  test("compares the numbers of a range as numbers; what is no number is in no range", async () => {
    const table: Table = {
      name: "runs",
      columns: { run: "string", step: "integer", value: "integer" },
      primaryKey: ["run", "step"],
    };
    const steps = [9, "10", 2n ** 62n, "many"];
    const session = await nextSession(
      { rows: steps.map((step) => ({ run: "r", step, value: "x" })) },
      [table],
    );
    const range = { column: "step", from: 10, below: 2n ** 62n };
    const sweep = { where: { run: "r" }, range, keys: [] };
    await session.write([{ stream: "runs", rows: [], sweep }]);
    expect(await keys()).toEqual(['["r","many"]', `["r",${2n ** 62n}]`, '["r",9]']);
  });

  test("drops entries without a key when a traversal ends that did not meet them again", async () => {
    const p = { project: "p" };
    const rejected = [
      entry("gone", p),
      entry("there", p),
      entry("other", { project: "q" }),
      entry("placeless"),
      entry("placed", { ...p, id: "m" }),
    ];
    const session = await nextSession({ rejected });
    const write = (batch: Partial<Batch>) =>
      session.write([{ stream: "runs", rows: [], ...batch }]);
    const range = { column: "id", from: "n" };
    await write({ rejected: [entry("there", p)], sweep: { where: p, range, keys: [["z"]] } });
    expect(await session.countQuarantined(["runs"])).toBe(5);
    await write({ sweep: { where: p, range: { column: "id", below: "c" }, keys: [["b"]] } });
    expect(await keys()).toEqual(["other", "placed", "placeless", "there"]);
    await write({
      sweep: { where: p, range: { column: "id", from: "c", below: "n" }, keys: [["m"]] },
    });
    expect(await keys()).toEqual(["other", "placeless", "there"]);
    await write({ sweep: { keys: [] } });
    expect(await keys()).toEqual(["there"]);
  });

  test("keeps what an interrupted traversal has met, if its location is known", async () => {
    const session = await nextSession({ rejected: [entry("{}", { project: "p", id: "m" })] });
    const sweep = { where: { project: "p" }, range: { column: "id", below: "m" }, keys: [] };
    await session.write([{ stream: "runs", rows: [], sweep }]);
    expect(await keys()).toEqual(["{}"]);
  });

  test("drops the entries of partitions that a sweep does not list, even without a checkpoint", async () => {
    const rejected = ["p", "q"].map((project) =>
      entry(JSON.stringify({ partition: project }), { project }),
    );
    const session = await nextSession({ rejected });
    const sweep = { by: ["project"], keys: [["q"]] };
    await session.write([{ stream: "runs", rows: [], sweep }]);
    expect(await keys()).toEqual(['{"partition":"q"}']);
  });

  test("is emptied with the state, of one stream or of all", async () => {
    const tables = [runs, { ...runs, name: "other" }];
    const session = await fixture.session(tables);
    const bad = { rows: [{ id: "a", steps: "many" }] };
    const fill = () =>
      session.write([
        { ...bad, stream: "runs" },
        { ...bad, stream: "other" },
      ]);
    await fill();
    await session.replaceState(new Map(), "runs");
    expect((await entries()).map(({ stream }) => stream)).toEqual(["other"]);
    expect(await session.countQuarantined(["runs", "other"])).toBe(1);
    await fill();
    await session.replaceState(new Map());
    expect(await entries()).toEqual([]);
    expect(await session.countQuarantined(["runs", "other"])).toBe(0);
  });

  test("keeps the entries of pipelines apart", async () => {
    await (await fixture.session([runs])).write([{ stream: "runs", rows: [{}] }]);
    const other = await fixture.session([{ ...runs, name: "others" }], { name: "other" });
    expect(await other.countQuarantined(["runs"])).toBe(0);
  });
});
