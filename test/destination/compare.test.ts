import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Differences } from "../../src/core/destination.ts";
import type { ColumnType, Row, Table, Value } from "../../src/core/schema.ts";
import type { Batch } from "../../src/core/source.ts";
import { columnTypes } from "../support/column-types.ts";
import { destinations } from "../support/databases.ts";
import { testSeed } from "../support/test-seed.ts";
import { runs, useDatabase } from "./fixture.ts";

const everyType = {
  name: "runs",
  columns: { id: "string", ...columnTypes },
  primaryKey: ["id"],
} as const satisfies Table;

const full: Row = {
  id: "a",
  boolean: true,
  integer: 9007199254740993n,
  double: 0.1,
  decimal: "123456789012345678901234567890.10",
  date: "2024-02-29",
  timestamp: "2024-02-29T23:00:00.123456+02:00",
  string: "tab\t\u0000 \\u0000 \ud800 😀",
  binary: Uint8Array.of(0, 255, 92),
  json: '{"b":1,"a":[1.10,null,"\\u0000"]}',
};

/** What somebody may write into the table instead, as a SQL literal. */
const edits: Readonly<
  Record<Exclude<ColumnType, never>, readonly [sqlite: string, postgres: string]>
> = {
  boolean: ["0", "false"],
  integer: ["9007199254740992", "9007199254740992"],
  double: ["0.10000000000000002", "0.10000000000000002"],
  decimal: ["'123456789012345678901234567890.11'", "123456789012345678901234567890.11"],
  date: ["'2024-02-28'", "'2024-02-28'"],
  timestamp: ["'2024-02-29T21:00:00.123457Z'", "'2024-02-29T21:00:00.123457Z'"],
  string: ["'[REDACTED]'", "'[REDACTED]'"],
  binary: ["x'00ff5d'", "'\\x00ff5d'"],
  json: [`'{"b":2}'`, `'{"b":2}'`],
};

describe.each(destinations)("comparing in %s", (dialect, create) => {
  const fixture = useDatabase(create);

  async function compare(
    table: Table,
    batches: readonly Omit<Batch, "stream">[],
    { keysOnly = false } = {},
  ): Promise<Differences> {
    await using comparison = await (await fixture.open()).compare(table, { keysOnly });
    for (const batch of batches) await comparison.add([{ ...batch, stream: table.name }]);
    return await comparison.end();
  }

  const none = { count: 0, first: [] };
  const same = { missing: none, extra: none, different: none, unstorable: none };

  test("finds no difference in values of every type, nor in NULL", async () => {
    const rows = [full, { id: "b" }];
    const session = await fixture.session([everyType]);
    await session.write([{ stream: "runs", rows }]);
    expect(await compare(everyType, [{ rows }])).toEqual({
      ...{ atSource: 2, atDestination: 2 },
      ...same,
    });
  });

  test.each(Object.keys(edits) as ColumnType[])(
    "names the row and the column if a value of type %s was edited, or is NULL",
    async (type) => {
      const rows = [full, { ...full, id: "b" }, { ...full, id: "c" }, { id: "d" }];
      const session = await fixture.session([everyType]);
      await session.write([{ stream: "runs", rows }]);
      const value = edits[type][dialect === "postgres" ? 1 : 0];
      await fixture.database.query(`update runs set "${type}" = ${value} where id in ('b', 'd')`);
      await fixture.database.query(`update runs set "${type}" = null where id = 'c'`);
      expect((await compare(everyType, [{ rows }])).different).toEqual({
        count: 3,
        first: ["b", "c", "d"].map((id) => ({ key: `"${id}"`, columns: [type] })),
      });
      expect(await compare(everyType, [{ rows }], { keysOnly: true })).toMatchObject(same);
    },
  );

  test("compares as the table stores: other spellings of a value are no difference", async () => {
    const session = await fixture.session([runs]);
    const stored = { id: "a", steps: 1, loss: 1, raw: "[1]" };
    await session.write([{ stream: "runs", rows: [stored] }]);
    const spelled = { id: "a", steps: "1.0", loss: "1.0", project: undefined, raw: "[1]" };
    expect(await compare(runs, [{ rows: [spelled] }])).toMatchObject(same);
    const spaced = { ...stored, raw: "[ 1 ]" };
    const { different } = await compare(runs, [{ rows: [spaced] }]);
    expect(different.count).toBe(dialect === "postgres" ? 0 : 1);
  });

  test.each(["integer", "double", "decimal", "date", "timestamp", "string", "binary"] as const)(
    "finds rows by a key of type %s, one column or two",
    async (type) => {
      const value = full[type];
      const one: Table = { name: "one", columns: { k: type, v: "string" }, primaryKey: ["k"] };
      const two: Table = {
        name: "two",
        columns: { v: "string", n: "integer", k: type },
        primaryKey: ["k", "n"],
      };
      const session = await fixture.session([one, two]);
      const rows = [{ k: value, n: 1, v: "x" }];
      await session.write([
        { stream: "one", rows },
        { stream: "two", rows },
      ]);
      for (const table of [one, two]) {
        for (const keysOnly of [false, true])
          expect(await compare(table, [{ rows }], { keysOnly })).toMatchObject(same);
        const [changed] = [{ ...rows[0], v: "y" }];
        expect((await compare(table, [{ rows: [changed] }])).different.count).toBe(1);
      }
    },
  );

  test("names missing and extra rows; a row that is marked as deleted is missing", async () => {
    const session = await fixture.session([runs]);
    await session.write([{ stream: "runs", rows: [{ id: "a" }, { id: "b" }, { id: "c" }] }]);
    await session.write([{ stream: "runs", rows: [], deletes: [["c"]] }]);
    expect(await compare(runs, [{ rows: [{ id: "a" }, { id: "c" }, { id: "d" }] }])).toEqual({
      ...{ atSource: 3, atDestination: 2 },
      ...same,
      missing: { count: 2, first: ['"c"', '"d"'] },
      extra: { count: 1, first: ['"b"'] },
    });
  });

  test("only the last row of a key counts, and a delete takes it back", async () => {
    const session = await fixture.session([runs]);
    await session.write([
      {
        stream: "runs",
        rows: [
          { id: "a", steps: 2 },
          { id: "b", steps: 2 },
        ],
      },
    ]);
    const rows = [
      { id: "a", steps: 1 },
      { id: "b", steps: 2 },
      { id: "a", steps: 2 },
      { id: "c", steps: 2 },
    ];
    const late = { rows: [{ id: "b", steps: 3 }], deletes: [["c"]] };
    expect(await compare(runs, [{ rows }, late])).toEqual({
      ...{ atSource: 2, atDestination: 2 },
      ...same,
      different: { count: 1, first: [{ key: '"b"', columns: ["steps"] }] },
    });
  });

  test("without a table, every row is missing, and nothing is created", async () => {
    expect(await compare(runs, [{ rows: [{ id: "a" }] }])).toMatchObject({
      ...{ atSource: 1, atDestination: 0 },
      missing: { count: 1, first: ['"a"'] },
    });
    await expect(fixture.database.query("select * from runs")).rejects.toThrow(/runs/);
  });

  test("a column that the table lacks is NULL there", async () => {
    const session = await fixture.session([runs]);
    const rows = [{ id: "a", added: "x" }, { id: "b" }];
    await session.write([{ stream: "runs", rows: rows.map(({ id }) => ({ id })) }]);
    const wider = { ...runs, columns: { ...runs.columns, added: "string" } } as const;
    expect((await compare(wider, [{ rows }])).different).toEqual({
      count: 1,
      first: [{ key: '"a"', columns: ["added"] }],
    });
  });

  test("a fraction in an integer column is compared with what a sync would store", async () => {
    const rows = [
      { id: "a", steps: 1 },
      { id: "b", steps: 1.5 },
    ];
    const session = await fixture.session([runs]);
    await session.write([
      {
        stream: "runs",
        rows: [
          { id: "a", steps: 1 },
          { id: "b", steps: 1 },
        ],
      },
    ]);
    expect((await compare(runs, [{ rows }])).different).toEqual({
      count: 1,
      first: [{ key: '"b"', columns: ["steps"] }],
    });
    await session.write([{ stream: "runs", rows }]);
    expect(await compare(runs, [{ rows }])).toMatchObject(same);
  });

  test("names a row that the table cannot hold, whether its key is stored or not", async () => {
    const session = await fixture.session([runs]);
    await session.write([
      {
        stream: "runs",
        rows: [
          { id: "a", loss: 1 },
          { id: "b", loss: 1 },
        ],
      },
    ]);
    const rows = [
      { id: "a", loss: 1 },
      { id: "b", loss: "1e400" },
      { id: "c", loss: "1e400" },
    ];
    expect(await compare(runs, [{ rows }])).toEqual({
      ...{ atSource: 3, atDestination: 2 },
      ...same,
      unstorable: {
        count: 2,
        first: ['"b"', '"c"'].map((key) => ({
          key,
          reason: expect.stringMatching(/column "loss": .*larger/) as string,
        })),
      },
    });
  });

  test.runIf(dialect === "postgres")("finds the one row that the database refuses", async () => {
    const session = await fixture.session([runs]);
    const rows = Array.from({ length: 9 }, (_, n) => ({ id: String(n), raw: "{}" }));
    await session.write([{ stream: "runs", rows }]);
    const bad = rows.map((row) => (row.id === "5" ? { ...row, raw: "{" } : row));
    expect(await compare(runs, [{ rows: bad }])).toMatchObject({
      ...same,
      unstorable: { count: 1, first: [{ key: '"5"' }] },
    });
  });

  test("stamped columns do not count", async () => {
    const stamped = { ...runs, stamped: ["project"] };
    const session = await fixture.session([stamped]);
    await session.write([{ stream: "runs", rows: [{ id: "a", project: "x" }] }]);
    expect(await compare(stamped, [{ rows: [{ id: "a", project: "y" }] }])).toMatchObject(same);
  });

  test("refuses a table of another shape", async () => {
    await (await fixture.session([runs])).write([]);
    const other = { ...runs, columns: { ...runs.columns, loss: "binary" } } as const;
    await expect(compare(other, [])).rejects.toThrow(/column "loss": expected/);
  });

  test("names a thousand rows at most, and counts all", async () => {
    const rows = Array.from({ length: 1500 }, (_, n) => ({ id: String(n) }));
    const { missing, atSource } = await compare(runs, [{ rows }]);
    expect([atSource, missing.count, missing.first.length]).toEqual([1500, 1500, 1000]);
  });

  test(`whatever was written is equal, and whatever a write would update is different (TEST_SEED=${testSeed})`, async () => {
    const value = fc.oneof(
      fc.constant<Value>(null),
      fc.integer(),
      fc.double(),
      fc.string({ unit: "binary" }),
    );
    const row = fc.record({ project: value, loss: fc.option(fc.double(), { nil: null }) });
    const session = await fixture.session([runs]);
    const destination = await fixture.open();
    const countDifferent = async (rows: readonly Row[]): Promise<number> => {
      await using comparison = await destination.compare(runs, { keysOnly: false });
      await comparison.add([{ stream: "runs", rows }]);
      return (await comparison.end()).different.count;
    };
    let id = 0;
    await fc.assert(
      fc.asyncProperty(row, row, async (before, after) => {
        const key = { id: String((id += 1)) };
        await session.write([{ stream: "runs", rows: [{ ...key, ...before }] }]);
        const rows = [{ ...key, ...after }];
        const different = await countDifferent(rows);
        const written = await session.write([{ stream: "runs", rows }]);
        expect(different).toBe(written.get("runs")?.updated);
        expect(await countDifferent(rows)).toBe(0);
      }),
      { numRuns: 30, seed: testSeed },
    );
  });
});
