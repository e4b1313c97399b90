import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { elements, members, plain, unquote } from "../../src/json/text-scanner.ts";

describe("elements", () => {
  test("cuts an array into slices of its own text, keeping every digit", () => {
    const text = ' [ 1.0 , 12345678901234567890, "a\\"],[", {"b": [1, {"c": "}"}]} , null ] ';
    expect(elements(text)).toEqual([
      "1.0",
      "12345678901234567890",
      '"a\\"],["',
      '{"b": [1, {"c": "}"}]}',
      "null",
    ]);
  });

  test("is empty for an empty array and undefined for anything else", () => {
    expect(elements("[ ]")).toEqual([]);
    expect(elements('{"a": []}')).toBeUndefined();
    expect(elements('"[]"')).toBeUndefined();
  });
});

describe("members", () => {
  test("keeps keys such as __proto__ and constructor, and unescapes them", () => {
    const slices = members('{"__proto__": 1, "constructor": 2, "a\\u0062": "\\ud800"}');
    expect([...(slices ?? [])]).toEqual([
      ["__proto__", "1"],
      ["constructor", "2"],
      ["ab", '"\\ud800"'],
    ]);
  });

  test("takes the last of duplicate keys, as JSON.parse does", () => {
    expect(members('{"a": 1, "a": 2}')?.get("a")).toBe("2");
  });

  test("is undefined for anything but an object", () => {
    expect(members("[1]")).toBeUndefined();
    expect(members("null")).toBeUndefined();
  });
});

test("strings that end in backslashes are cut where they end", () => {
  const text = JSON.stringify(["\\", "a\\\\", '\\"', "b"]);
  expect(elements(text)?.map(unquote)).toEqual(["\\", "a\\\\", '\\"', "b"]);
});

test("any depth of nesting is scanned without recursion", () => {
  const deep = "[".repeat(100_000) + "]".repeat(100_000);
  expect(members(`{"deep": ${deep}, "after": 1}`)?.get("after")).toBe("1");
});

test("slices parse to the same values as the whole, for any JSON and any white space", () => {
  const indents = fc.constantFrom(undefined, 1, "\t", "  ");
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue()),
      indents,
      (object, indent) => {
        const text = JSON.stringify(object, null, indent);
        const slices = members(text) ?? new Map<string, string>();
        const parsed = [...slices].map(
          ([key, slice]) => [key, JSON.parse(slice) as unknown] as const,
        );
        expect(new Map(parsed)).toEqual(new Map(Object.entries(JSON.parse(text) as object)));
      },
    ),
  );
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), indents, (array, indent) => {
      const text = JSON.stringify(array, null, indent);
      expect(elements(text)?.map((slice) => JSON.parse(slice) as unknown)).toEqual(
        JSON.parse(text),
      );
    }),
  );
});

test("plain unquotes strings and keeps the spelling of other values", () => {
  expect(plain('"a\\n"')).toBe("a\n");
  expect(plain("1.50")).toBe("1.50");
  expect(plain('{"a":1}')).toBe('{"a":1}');
  expect(plain("null")).toBeUndefined();
  expect(plain(undefined)).toBeUndefined();
});
