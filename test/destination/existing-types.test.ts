import { describe, expect, test } from "vitest";
import { ConfigError } from "../../src/core/errors.ts";
import type { ColumnType, Table, Value } from "../../src/core/schema.ts";
import { newPostgres, newSqlite } from "../support/databases.ts";
import { countsOf, useDatabase } from "./fixture.ts";

interface TypeCase {
  /** The type with which somebody else has declared the column. */
  readonly sql: string;
  readonly type: ColumnType;
  /** Values that fit, as sent and as the database shows them. */
  readonly fits: readonly (readonly [value: Value, stored: string])[];
  /** Values that the column would change or refuse. */
  readonly misfits: readonly Value[];
}

const uuid = "0b8f5cb4-60b8-4a0e-9a8e-7f2b6f1d2c3a";
const instant = "2024-02-03T04:05:06.123456Z";

const postgresCases: readonly TypeCase[] = [
  {
    ...{ sql: "integer", type: "integer" },
    ...{ fits: [[-(2 ** 31), "-2147483648"]], misfits: [2 ** 31, -(2 ** 31) - 1] },
  },
  { sql: "smallint", type: "integer", fits: [[32767, "32767"]], misfits: [32768] },
  {
    ...{ sql: "numeric", type: "integer" },
    ...{
      fits: [
        [9007199254740993n, "9007199254740993"],
        [1.5, "1.5"],
      ],
      misfits: [],
    },
  },
  {
    ...{ sql: "numeric(6,2)", type: "decimal" },
    fits: [
      ["1234.50", "1234.50"],
      ["12e2", "1200.00"],
      ["-0.01", "-0.01"],
    ],
    misfits: ["12345", "0.001", "1e4", "1234.567"],
  },
  { sql: "numeric(4,0)", type: "integer", fits: [[1234, "1234"]], misfits: [12345, 1.5] },
  {
    sql: "numeric",
    type: "double",
    fits: [
      [0.1, "0.1"],
      [NaN, "NaN"],
    ],
    misfits: [Infinity],
  },
  { sql: "numeric(4,1)", type: "double", fits: [[0.5, "0.5"]], misfits: [0.25] },
  {
    ...{ sql: "timestamp without time zone", type: "timestamp", misfits: [] },
    fits: [
      [instant, "2024-02-03 04:05:06.123456"],
      ["2024-02-03T04:00:00+02:00", "2024-02-03 02:00:00"],
    ],
  },
  {
    ...{ sql: "timestamp(3) with time zone", type: "timestamp", misfits: [instant] },
    fits: [["2024-02-03T04:05:06.123Z", "2024-02-03 04:05:06.123+00"]],
  },
  {
    ...{ sql: "character varying(3)", type: "string", misfits: ["abcd", "ab  "] },
    fits: [
      ["é😀日", "é😀日"],
      ["ab ", "ab "],
    ],
  },
  { sql: "character varying", type: "string", fits: [["any", "any"]], misfits: [] },
  {
    ...{ sql: "uuid", type: "string", fits: [[uuid, uuid]] },
    misfits: [uuid.toUpperCase(), `{${uuid}}`, "no uuid"],
  },
  {
    ...{ sql: "json", type: "json", misfits: ["{no json"] },
    fits: [['{"b":1,  "a":1e400}', '{"b":1,  "a":1e400}']],
  },
  { sql: "text", type: "json", fits: [['{"b": 1.10}', '{"b": 1.10}']], misfits: [] },
  { sql: "mood", type: "string", fits: [["happy", "happy"]], misfits: ["sad"] },
  { sql: "short", type: "string", fits: [["ab", "ab"]], misfits: ["abc", "xx"] },
];

const sqliteCases: readonly TypeCase[] = [
  { sql: "bigint", type: "integer", fits: [[9007199254740993n, "9007199254740992"]], misfits: [] },
  {
    sql: "boolean",
    type: "boolean",
    fits: [
      [true, "1"],
      [false, "0"],
    ],
    misfits: ["maybe"],
  },
  { sql: "float", type: "double", fits: [[0.1, "0.1"]], misfits: [] },
  {
    sql: "varchar(3)",
    type: "string",
    fits: [
      ["longer", "longer"],
      ["007", "007"],
    ],
    misfits: [],
  },
  { sql: "datetime", type: "timestamp", fits: [[instant, instant]], misfits: [] },
  { sql: "date", type: "date", fits: [["2024-02-03", "2024-02-03"]], misfits: [] },
  {
    ...{ sql: "decimal(10, 2)", type: "decimal" },
    fits: [
      ["1.25", "1.25"],
      ["123456789012345678", "123456789012345680"],
    ],
    misfits: ["0.10000000000000000001", "1e400"],
  },
  {
    ...{ sql: "json", type: "json", fits: [['{"a": 1.10}', '{"a": 1.10}']] },
    misfits: ["1.10", "12345678901234567890"],
  },
];

describe.each([
  ["postgres", newPostgres, postgresCases],
  ["sqlite", newSqlite, sqliteCases],
] as const)("an existing column of %s", (dialect, create, cases) => {
  const fixture = useDatabase(create);
  const tableOf = (type: ColumnType): Table => ({
    name: "runs",
    columns: { id: "integer", v: type },
    primaryKey: ["id"],
  });

  async function createTable(sql: string): Promise<void> {
    await (await fixture.session([]))[Symbol.asyncDispose]();
    if (dialect === "postgres")
      await fixture.database.query(
        "create type mood as enum ('happy'); create domain short as varchar(2) check (value <> 'xx')",
      );
    await fixture.database.query(`create table runs (id bigint primary key, v ${sql})`);
  }

  test.each(cases)(
    "of type $sql takes $type values that fit; others are quarantined",
    async ({ sql, type, fits, misfits }) => {
      await createTable(sql);
      const session = await fixture.session([tableOf(type)]);
      const values = [...fits.map(([value]) => value), ...misfits];
      const rows = values.map((v, id) => ({ id, v }));
      const batch = { stream: "runs", rows };
      const written = countsOf(await session.write([batch]));
      expect([written["inserted"], written["rejected"] ?? 0]).toEqual([
        fits.length,
        misfits.length,
      ]);
      expect(await fixture.texts("select v from runs order by id")).toEqual(
        fits.map(([, stored]) => stored),
      );
      // The same values are no change, in few rows or many, and a changed one is one.
      const more = Array.from({ length: 300 }, (_, id) => ({ id: 1000 + id, v: fits[0]?.[0] }));
      const again = countsOf(await session.write([{ stream: "runs", rows: [...rows, ...more] }]));
      expect([again["inserted"], again["unchanged"]]).toEqual([300, fits.length]);
      const cleared = countsOf(
        await session.write([{ stream: "runs", rows: [{ id: 0, v: null }] }]),
      );
      expect(cleared["updated"]).toBe(1);
      await using destination = await fixture.open();
      await using comparison = await destination.compare(tableOf(type), { keysOnly: false });
      await comparison.add([
        { stream: "runs", rows: [{ id: 0, v: null }, ...rows.slice(1), ...more] },
      ]);
      const { missing, extra, different, unstorable } = await comparison.end();
      expect([extra.count, different.count]).toEqual([0, 0]);
      // Only the table itself knows its constraints.
      expect(missing.count + unstorable.count).toBe(misfits.length);
    },
  );
});

describe("an existing column that takes different texts as equal", () => {
  const postgres = useDatabase(newPostgres);
  const sqlite = useDatabase(newSqlite);
  const table: Table = { name: "runs", columns: { id: "string", v: "string" }, primaryKey: ["id"] };

  const cases = [
    ["sqlite", sqlite, "text collate nocase"],
    ["postgres", postgres, `text collate "loose"`],
  ] as const;

  test.each(cases)("still shows a change of case, in %s", async (name, fixture, type) => {
    await (await fixture.session([]))[Symbol.asyncDispose]();
    if (name === "postgres") await fixture.database.query(loose);
    await fixture.database.query(`create table runs (id text primary key, v ${type})`);
    const session = await fixture.session([table]);
    for (const v of ["ABC", "abc"])
      await session.write([{ stream: "runs", rows: [{ id: "1", v }] }]);
    expect(await fixture.texts("select v from runs")).toEqual(["abc"]);
  });

  test.each(cases)(
    "is refused in a key, because two would be one, in %s",
    async (name, fixture, type) => {
      await (await fixture.session([]))[Symbol.asyncDispose]();
      if (name === "postgres") await fixture.database.query(loose);
      await fixture.database.query(`create table runs (id ${type} primary key)`);
      const session = fixture.session([table]);
      await expect(session).rejects.toBeInstanceOf(ConfigError);
      await expect(session).rejects.toThrow(
        /"id": .*two keys would be one; change the column's type/,
      );
    },
  );

  const loose = `create collation loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`;
});

describe("keys of another type", () => {
  const fixture = useDatabase(newPostgres);

  test.each([
    ["uuid", "string", uuid],
    ["integer", "integer", 7],
    ["numeric(5,0)", "integer", 7],
    ["character varying(40)", "string", "k"],
    ["timestamp without time zone", "timestamp", instant],
  ] as const)(
    "of type %s are found again, changed and marked as deleted",
    async (sql, type, key) => {
      await (await fixture.session([]))[Symbol.asyncDispose]();
      await fixture.database.query(`create table runs (id ${sql} primary key, n integer)`);
      const session = await fixture.session([
        { name: "runs", columns: { id: type, n: "integer" }, primaryKey: ["id"] },
      ]);
      for (const n of [1, 2]) await session.write([{ stream: "runs", rows: [{ id: key, n }] }]);
      expect(await fixture.texts("select n from runs")).toEqual(["2"]);
      const deletion = await session.write([{ stream: "runs", rows: [], deletes: [[key]] }]);
      expect(countsOf(deletion)).toEqual({ deleted: 1 });
    },
  );
});
