import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ColumnType, Table, Value } from "../../src/core/schema.ts";
import { unescapeUnstorable } from "../../src/destination/sql/text-escaping.ts";
import { destinations } from "../support/databases.ts";
import { countsOf, useDatabase } from "./fixture.ts";

function tableOf(type: ColumnType): Table {
  return { name: "runs", columns: { id: "integer", value: type }, primaryKey: ["id"] };
}

/** A value, and the result of `cast(value as text)` in SQLite and in Postgres. */
type Case = [type: ColumnType, value: Value, sqlite: string | null, postgres?: string];

const cases: Case[] = [
  ["boolean", true, "1", "true"],
  ["boolean", "false", "0", "false"],
  ["integer", 0, "0"],
  ["integer", -5, "-5"],
  ["integer", Number.MAX_SAFE_INTEGER, "9007199254740991"],
  ["integer", 9007199254740993n, "9007199254740993"],
  ["integer", "9223372036854775807", "9223372036854775807"],
  ["integer", -(2n ** 63n), "-9223372036854775808"],
  ["integer", "7.00", "7"],
  ["double", 0.1, "0.1"],
  ["double", 1e300, "1.0e+300", "1e+300"],
  ["double", 5, "5.0", "5"],
  ["double", NaN, "NaN"],
  ["double", Infinity, "Inf", "Infinity"],
  ["double", -Infinity, "-Inf", "-Infinity"],
  [
    "decimal",
    "123456789012345678901234567890.000000000001",
    "123456789012345678901234567890.000000000001",
  ],
  ["date", "2024-02-29", "2024-02-29"],
  ["date", "2024-02-29T23:00:00Z", "2024-02-29"],
  [
    "timestamp",
    "2024-02-29T23:00:00.123456+02:00",
    "2024-02-29T21:00:00.123456Z",
    "2024-02-29 21:00:00.123456+00",
  ],
  ["timestamp", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z", "0001-01-01 00:00:00+00"],
  [
    "timestamp",
    "9999-12-31 23:59:59.999999",
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31 23:59:59.999999+00",
  ],
  ["string", "", ""],
  [
    "string",
    "tab\tnewline\nreturn\rbackslash\\ \\N \\.",
    "tab\tnewline\nreturn\rbackslash\\ \\N \\.",
  ],
  ["string", "é😀\u2028", "é😀\u2028"],
  ["string", 5, "5"],
  ["json", '{"b":1,"a":[1.10,null]}', '{"b":1,"a":[1.10,null]}', '{"a": [1.10, null], "b": 1}'],
  ["json", "12345678901234567890.123", "12345678901234567890.123"],
  ["string", null, null],
  ["boolean", undefined, null],
];

describe.each(destinations)("values in %s", (dialect, create) => {
  const fixture = useDatabase(create);

  async function stored(): Promise<unknown[]> {
    const rows = await fixture.database.query(
      "select cast(value as text) as value from runs order by id",
    );
    return rows.map(({ value }) => value);
  }

  test.each(cases)(
    "a column of type %s holds %s",
    async (...[type, value, sqlite, postgres]: Case) => {
      const session = await fixture.session([tableOf(type)]);
      const batch = { stream: "runs", rows: [{ id: 1, value }] };
      expect(countsOf(await session.write([batch]))).toEqual({ inserted: 1 });
      expect(await stored()).toEqual([dialect !== "postgres" ? sqlite : (postgres ?? sqlite)]);
      expect(countsOf(await session.write([batch]))).toEqual({ unchanged: 1 });
    },
  );

  test("a binary column holds every byte", async () => {
    const session = await fixture.session([tableOf("binary")]);
    const value = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const batch = {
      stream: "runs",
      rows: [
        { id: 1, value },
        { id: 2, value: new Uint8Array() },
      ],
    };
    expect(countsOf(await session.write([batch]))).toEqual({ inserted: 2 });
    expect(countsOf(await session.write([batch]))).toEqual({ unchanged: 2 });
    const sql = dialect !== "postgres" ? "lower(hex(value))" : "encode(value, 'hex')";
    const hex = Buffer.from(value).toString("hex");
    expect(await fixture.texts(`select ${sql} from runs order by id`)).toEqual([hex, ""]);
  });

  test.each(["few", "many"])(
    "strings of %s rows come back unchanged, whatever they contain",
    async (amount) => {
      const session = await fixture.session([tableOf("string")]);
      const piece = fc.constantFrom(
        "\\",
        "\0",
        "\ud83d",
        "\ude00",
        "u0000",
        "ud83d",
        "\t",
        "\n",
        "\\N",
        '"',
        "{",
        ",",
        "é",
      );
      const text = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(""));
      const count = amount === "few" ? 150 : 1500;
      const texts = fc.sample(text, { numRuns: count, seed: 1 });
      const rows = texts.map((value, id) => ({ id, value }));
      expect(countsOf(await session.write([{ stream: "runs", rows }]))).toEqual({
        inserted: count,
      });
      const read = await fixture.database.query("select value from runs order by id");
      expect(read.map(({ value }) => unescapeUnstorable(String(value)))).toEqual(texts);
      expect(countsOf(await session.write([{ stream: "runs", rows }]))).toEqual({
        unchanged: count,
      });
    },
  );

  test("JSON with U+0000 and lone surrogates is stored, and its strings come back", async () => {
    const session = await fixture.session([tableOf("json")]);
    const texts = ["\0", "\\\0", "\\u0000", "\ud800", "😀", "\\ud83d\\ude00", "a\ude00b"];
    const rows = texts.map((text, id) => ({ id, value: JSON.stringify({ [text]: text }) }));
    rows.push({ id: 100, value: '"\\ud83d\\ude00 raw \ud800"' });
    expect(countsOf(await session.write([{ stream: "runs", rows }]))).toEqual({
      inserted: rows.length,
    });
    const read = await stored();
    const back = read.map((text) => JSON.parse(String(text)) as unknown);
    const decode = dialect !== "postgres" ? (text: string) => text : unescapeUnstorable;
    expect(back.at(-1)).toSatisfy((text: string) => decode(text) === "😀 raw \ud800");
    const entries = back
      .slice(0, -1)
      .map((object) => Object.entries(object as Record<string, string>)[0]?.map(decode));
    expect(entries).toEqual(texts.map((text) => [text, text]));
    expect(countsOf(await session.write([{ stream: "runs", rows }]))).toEqual({
      unchanged: rows.length,
    });
  });

  test("an integer column that receives a fraction becomes a double and keeps its values", async () => {
    const session = await fixture.session([tableOf("integer")]);
    await session.write([{ stream: "runs", rows: [{ id: 1, value: 7 }] }]);
    const rows = [
      { id: 2, value: 1 },
      { id: 3, value: 1.5 },
      { id: 4, value: "2.25" },
    ];
    expect(countsOf(await session.write([{ stream: "runs", rows }]))).toEqual({ inserted: 3 });
    expect((await fixture.texts("select value from runs order by id")).map(Number)).toEqual([
      7, 1, 1.5, 2.25,
    ]);
    expect(countsOf(await session.write([{ stream: "runs", rows }]))).toEqual({ unchanged: 3 });
  });

  test("an integer column with values that a double cannot hold stays, and the fraction's row is quarantined", async () => {
    const session = await fixture.session([tableOf("integer")]);
    await session.write([{ stream: "runs", rows: [{ id: 1, value: 2n ** 60n + 1n }] }]);
    const rows = [
      { id: 2, value: 1.5 },
      { id: 3, value: 3 },
    ];
    expect(countsOf(await session.write([{ stream: "runs", rows }]))).toEqual({
      inserted: 1,
      rejected: 1,
    });
    expect(await stored()).toEqual(["1152921504606846977", "3"]);
    expect(await fixture.texts("select payload from _rivulet_quarantine")).toEqual([
      '{"id":2,"value":1.5}',
    ]);
  });

  test("keys come back unchanged", async () => {
    const columns = {
      text: "string",
      number: "integer",
      at: "timestamp",
      yes: "boolean",
      part: "double",
    } as const;
    const table: Table = { name: "runs", columns, primaryKey: Object.keys(columns) };
    const session = await fixture.session([table]);
    const keys: Value[][] = [
      ["a\0\ud800\\u0000", 1, "2024-01-01T00:00:00.000000Z", true, 0.5],
      ["b", 2n ** 62n, "2024-01-01T00:00:00.123000Z", false, -1],
    ];
    const names = Object.keys(columns);
    const rows = keys.map((key) =>
      Object.fromEntries(names.map((name, index) => [name, key[index]])),
    );
    await session.write([{ stream: "runs", rows: [...rows, { ...rows[0], text: "gone" }] }]);
    await session.write([
      { stream: "runs", rows: [], deletes: [["gone", ...(keys[0] ?? []).slice(1)]] },
    ]);
    const read: unknown[] = [];
    for await (const key of (await fixture.open()).keys(table)) read.push(key);
    expect(read).toEqual(keys);
  });
});
