import { describe, expect, test } from "vitest";
import { ExactNumber } from "../../src/core/exact-number.ts";
import { describedJson, jsonText } from "../../src/core/json-text.ts";
import { canonical } from "../../src/core/value.ts";
import { parseExactJson } from "../../src/json/exact-json.ts";

describe("the JSON text of a value", () => {
  test("has all digits, and is parsed as the same value again", () => {
    const text =
      '{"a":[1,-0,1.5,1e+21,12345678901234567890,0.1234567890123456789,9007199254740993.0,1e400],"é\\n":null,"__proto__":{"x":false,"y":""},"e":{},"f":[]}';
    const value = parseExactJson(text);
    expect(value).toMatchObject({
      a: [
        1,
        -0,
        1.5,
        1e21,
        12345678901234567890n,
        new ExactNumber("0.1234567890123456789"),
        new ExactNumber("9007199254740993.0"),
        new ExactNumber("1e400"),
      ],
    });
    expect(jsonText(value)).toBe(text);
  });

  test("leaves strings and white space alone", () => {
    const text =
      '{ "12345678901234567890" : "\\"12345678901234567890\\\\", "b": [ 12345678901234567890 ] }';
    expect(parseExactJson(text)).toEqual({
      "12345678901234567890": '"12345678901234567890\\',
      b: [12345678901234567890n],
    });
    expect(() => parseExactJson('{"a": 12345678901234567890')).toThrow(SyntaxError);
  });

  test("is that of what toJSON returns", () => {
    expect(jsonText({ at: new Date(0) })).toBe('{"at":"1970-01-01T00:00:00.000Z"}');
  });

  test("of values nested deeper than the stack", () => {
    const text = "[".repeat(200_000) + "12345678901234567890" + "]".repeat(200_000);
    expect(jsonText(parseExactJson(text))).toBe(text);
  });

  const cyclic: Record<string, unknown> = {};
  cyclic["self"] = [cyclic];
  test.each([
    ["an object that contains itself", cyclic],
    ["a function", { a: () => 1 }],
    ["undefined", [undefined]],
    ["undefined", Array(1)],
    ["NaN", { a: { b: NaN } }],
    ["-Infinity", -Infinity],
    ["a symbol", Symbol("x")],
    ["bytes", { a: Buffer.from("x") }],
    ["an object of the class Map", new Map([[1, 2]])],
    ["an object without a value", new Date(NaN)],
  ])("does not exist for %s", (what, value) => {
    expect(() => jsonText(value)).toThrow(`expected JSON, got ${what}`);
    expect(() => JSON.parse(describedJson(value)) as unknown).not.toThrow();
  });

  test("what is there twice, but not in itself, is written twice", () => {
    const one = { a: 1 };
    expect(jsonText([one, one])).toBe('[{"a":1},{"a":1}]');
  });
});

test.each([
  ["string", "expected a string, got an object"],
  ["integer", "expected an integer, got an object"],
  ["boolean", "expected a boolean, got an object"],
  ["timestamp", "expected a timestamp"],
] as const)("a column of type %s takes no object", (type, message) => {
  expect(() => canonical[type]({ a: 1 })).toThrow(message);
});

test("each type of column takes an exact number as if it were spelled in a text", () => {
  const number = new ExactNumber("0.1234567890123456789");
  expect(canonical.decimal(number)).toBe("0.1234567890123456789");
  expect(canonical.string(number)).toBe("0.1234567890123456789");
  expect(canonical.json(number)).toBe("0.1234567890123456789");
  expect(canonical.double(number)).toBe(0.12345678901234568);
  expect(canonical.integer(new ExactNumber("9007199254740993.0"))).toBe(9007199254740993n);
});
