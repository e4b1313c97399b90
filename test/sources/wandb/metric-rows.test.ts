import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Row, plainText } from "../../../src/core/schema.ts";
import type { Rejected } from "../../../src/core/source.ts";
import { MetricRows } from "../../../src/sources/wandb/metrics/metric-rows.ts";
import { testSeed } from "../../support/test-seed.ts";

const scope = { project: "vision", multiProject: false };

function newRows(): MetricRows {
  const isWanted = (name: string): boolean => !name.startsWith("_");
  return new MetricRows({ scope, run: "r1", isWanted });
}

/** The batches that lines become. */
function batchesOf(lines: readonly string[], size = 1000) {
  const batches: { readonly rows: readonly Row[]; readonly rejected: readonly Rejected[] }[] = [];
  const generator = newRows().batches(lines, size);
  for (;;) {
    const { value, done } = generator.next();
    batches.push(value);
    if (done) return batches;
  }
}

function read(...lines: readonly string[]) {
  const batches = batchesOf(lines);
  return {
    rows: batches.flatMap(({ rows }) => rows),
    rejected: batches.flatMap(({ rejected }) => rejected),
  };
}

/** The columns of the only value in a line, read by the fast path and by the exact one. */
function columnsOf(value: string) {
  const [fast] = read(`{"_step":0,"a":${value}}`).rows;
  const [exact] = read(`{"_step":0,"a":${value},"list":[]}`).rows;
  const pick = (row: Row | undefined) => [row?.["metric_value"], row?.["value_json"]];
  expect(pick(fast)).toEqual(pick(exact));
  return pick(fast);
}

describe("a value", () => {
  test.each([
    ["1", 1, null],
    ["-0.5", -0.5, null],
    ["1.50", 1.5, null],
    ["1e5", 1e5, null],
    ["9007199254740992", 2 ** 53, null],
    ["9007199254740993", 2 ** 53, "9007199254740993"],
    ["-9007199254740993", -(2 ** 53), "-9007199254740993"],
    ["12345678901234567890", Number("12345678901234567890"), "12345678901234567890"],
    ["18446744073709551616", 2 ** 64, null],
    ["1e23", 1e23, null],
    ["100000000000000000000000", 1e23, "100000000000000000000000"],
    ["0.30000000000000004", 0.1 + 0.2, null],
    ["0.10000000000000001", 0.1, null],
    ["0.1000000000000000055511151231257827", 0.1, null],
    ["0.1000000000000000055511151231257828", 0.1, "0.1000000000000000055511151231257828"],
    ["3.141592653589793238462643", Math.PI, "3.141592653589793238462643"],
    ["1.0000000000000000000000", 1, null],
    ["1.0000000000000000000001", 1, "1.0000000000000000000001"],
    ["5e-324", 5e-324, null],
    ["3e-324", 5e-324, "3e-324"],
    ["1e-400", 0, "1e-400"],
    ["0e-400", 0, null],
    ["1e400", null, "1e400"],
    ["-1e400", null, "-1e400"],
    ["NaN", null, '"NaN"'],
    ["-Infinity", null, '"-Infinity"'],
    ['"text"', null, '"text"'],
    [String.raw`"\u00e9"`, null, '"é"'],
    ['"123456789012345678901234567890"', null, '"123456789012345678901234567890"'],
    ["true", null, "true"],
    ["null", null, "null"],
  ])("%s becomes metric_value %s and value_json %s", (text, metric, json) => {
    expect(columnsOf(text)).toEqual([metric, json]);
  });

  test("that a double holds has no value_json, however many digits it was written with", () => {
    const writings = fc.constantFrom(
      (value: number) => value.toExponential(),
      (value: number) => value.toPrecision(17),
      (value: number) => value.toPrecision(40),
    );
    const doubles = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(doubles, writings, (value, write) => {
        expect(columnsOf(write(value).replace("e+", "e"))).toEqual([value + 0, null]);
      }),
      { seed: testSeed },
    );
  });

  test("that is a whole number has value_json exactly if a double differs", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), (value) => {
        const nearest = Number(value);
        const json = BigInt(nearest) === value ? null : String(value);
        expect(columnsOf(String(value))).toEqual([nearest, json]);
      }),
      { seed: testSeed },
    );
  });

  test("nested very deeply stays whole below a depth", () => {
    const depth = 4000;
    const line = `{"_step":0,${'"a":{"b":1,'.repeat(depth)}"c":NaN${"}".repeat(depth)}}`;
    const { rows, rejected } = read(line);
    expect(rejected).toEqual([]);
    const inner = rows.find(({ value_json }) => value_json !== null);
    expect(plainText(inner?.["metric_name"]).split(".").length).toBeLessThan(40);
    const rest = plainText(inner?.["value_json"]);
    expect(rest.length).toBeGreaterThan(depth * 8);
    expect(rest).toContain('"c":"NaN"');
    expect(() => JSON.parse(rest) as unknown).not.toThrow();
  });
});

describe("a step", () => {
  const stepsOf = (step: string): unknown[] =>
    read(`{"a":1,"_step":${step}}`).rows.map((row) => row["step"]);

  test.each([
    ["7", 7],
    ["7.0", 7],
    ["9007199254740993", 9007199254740993n],
    ["1767225600123456789", 1767225600123456789n],
    ["9223372036854775807", 2n ** 63n - 1n],
    ['"1767225600123456789"', 1767225600123456789n],
    ["-3", -3],
  ])("%s is exact", (text, step) => {
    expect(stepsOf(text)).toEqual([step]);
  });

  test.each(["1.5", "9223372036854775808", "1e300", "true", '"x"', "null"])(
    "%s is no step: the line is rejected",
    (step) => {
      const line = `{"a":1,"_step":${step}}`;
      expect(read(line)).toMatchObject({
        rows: [],
        rejected: [{ payload: line, reason: "expected a whole number in _step" }],
      });
    },
  );
});

describe("a timestamp", () => {
  const instant = "2026-01-01T00:00:01.500000Z";

  test.each([
    ["1767225601.5", instant],
    ["1767225601500", instant],
    ["1767225601500000", instant],
    ["1767225601500000000", instant],
    ['"1767225601.5"', instant],
    ['"2026-01-01T01:00:01.5+01:00"', instant],
    ["null", null],
  ])("%s is understood", (sent, timestamp) => {
    for (const more of ["", ',"list":[]']) {
      const { rows } = read(`{"_step":0,"_timestamp":${sent},"a":1${more}}`);
      expect(rows[0]).toMatchObject({ metric_name: "a", timestamp });
      expect(rows.map((row) => row["metric_name"])).not.toContain("_timestamp");
    }
  });

  test.each([
    ["NaN", null, '"NaN"'],
    ["1e40", 1e40, null],
    ['"yesterday"', null, '"yesterday"'],
    ["[1]", null, "[1]"],
  ])("%s is not: its spelling is kept as a metric", (sent, metric_value, value_json) => {
    const { rows } = read(`{"_step":0,"_timestamp":${sent},"a":1}`);
    expect(rows).toMatchObject([
      { metric_name: "a", metric_value: 1, timestamp: null },
      { metric_name: "_timestamp", metric_value, timestamp: null, value_json },
    ]);
  });
});

describe("two lines of one step", () => {
  const values = (rows: readonly Row[]) =>
    rows.map((row) => [row["step"], row["metric_name"], row["metric_value"] ?? row["value_json"]]);

  test("are merged if their metrics differ, or have equal values", () => {
    const { rows, rejected } = read(
      '{"_step":5,"b":1,"text":"é"}',
      String.raw`{"_step":5,"a":2,"b":1.0,"text":"\u00e9","list":[]}`,
    );
    expect(rejected).toEqual([]);
    expect(values(rows)).toEqual([
      [5, "a", 2],
      [5, "b", 1],
      [5, "list", "[]"],
      [5, "text", '"é"'],
    ]);
  });

  const first = '{"_step":5,"_timestamp":1767225600,"a":1,"b":1,"c":1}';
  const second = '{"_step":5,"a":2,"b":1,"c":{"deep":1},"d":4}';
  const third = '{"_step":5,"a":3}';

  test("of which a metric has two values are stored as far as the last one says, and rejected", () => {
    const { rows, rejected } = read('{"_step":4,"a":0}', first, second, '{"_step":6,"a":9}');
    expect(values(rows)).toEqual([
      [4, "a", 0],
      [5, "a", 2],
      [5, "b", 1],
      [5, "c", 1],
      [5, "c.deep", 1],
      [5, "d", 4],
      [6, "a", 9],
    ]);
    expect(rejected).toMatchObject([
      {
        payload: first,
        reason: 'a later line of step 5 has another value of "a", which was stored',
        where: { run_id: "r1", step: 5 },
      },
    ]);
  });

  test("have entries whose keys are the same in each sync, one for each line", () => {
    const keys = (lines: readonly string[]): string[] =>
      read(...lines).rejected.map(({ key }) => key);
    const both = keys([first, second, third]);
    expect(new Set(both).size).toBe(2);
    expect(keys(['{"_step":1}', first, second, third])).toEqual(both);
  });

  test("are not torn apart by the border of a batch", () => {
    const lines = [first, second, third].map((line) => line.replace("5", "0"));
    for (let size = 1; size <= 12; size += 1) {
      const batches = batchesOf([...lines, ...lines.map((line) => line.replace("0", "1"))], size);
      const steps = batches.map(({ rows }) => new Set(rows.map((row) => row["step"])));
      for (const step of [0, 1]) expect(steps.filter((set) => set.has(step))).toHaveLength(1);
      expect(batches.flatMap(({ rejected }) => rejected)).toHaveLength(4);
    }
  });
});
