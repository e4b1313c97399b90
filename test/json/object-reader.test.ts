import fc from "fast-check";
import { expect, test } from "vitest";
import { members } from "../../src/json/text-scanner.ts";
import { ObjectReader } from "../../src/json/object-reader.ts";

/** The members that a reader returns, as a Map. */
function membersOf(reader: ObjectReader, text: string): ReadonlyMap<string, string> | undefined {
  const object = reader.read(text);
  return object && new Map(object.names.map((name) => [name, object.get(name) ?? "missing"]));
}

test("returns members as they are spelled, whatever the previous objects were", () => {
  const reader = new ObjectReader();
  expect(membersOf(reader, '{"a": 1.0, "b": "x"}')).toEqual(
    new Map([
      ["a", "1.0"],
      ["b", '"x"'],
    ]),
  );
  expect(membersOf(reader, '{"a":[1],"b":{"a":2}}')).toEqual(
    new Map([
      ["a", "[1]"],
      ["b", '{"a":2}'],
    ]),
  );
  expect(membersOf(reader, '{"a":1}')).toEqual(new Map([["a", "1"]]));
  expect(membersOf(reader, '{"b":2,"a":1,"c":3}')).toEqual(
    new Map([
      ["b", "2"],
      ["a", "1"],
      ["c", "3"],
    ]),
  );
  expect(membersOf(reader, "{}")).toEqual(new Map());
  expect(reader.read("[1]")).toBeUndefined();
});

test("objects with the same names share one list of names", () => {
  const reader = new ObjectReader();
  const first = reader.read('{"a":1,"b":2}')?.names;
  expect(reader.read('{ "a":3, "b":4 }')?.names).toBe(first);
  expect(reader.read('{"a":1}')?.names).not.toBe(first);
  expect(reader.read('{"a":5,"b":6}')?.names).toBe(first);
});

test("of duplicate names, the last wins", () => {
  expect(new ObjectReader().read('{"a":1,"b":2,"a":3}')?.get("a")).toBe("3");
});

test("a name is not confused with the escaped form of another", () => {
  const backspace = '{"a\\b":1}';
  const letters = '{"a\\\\b":1}';
  for (const texts of [
    [backspace, letters],
    [letters, backspace],
    ['{"a\\":\\"b":1}', '{"a":"b"}'],
    ['{"a":1,"b":2}', '{"a,\\"b":1}'],
  ]) {
    const reader = new ObjectReader();
    for (const text of texts)
      expect([text, membersOf(reader, text)]).toEqual([text, members(text)]);
  }
});

test("returns the same as scanning each object on its own", () => {
  const name = fc.oneof(
    fc.constantFrom("a", "b", "ab", 'a"', "a\\", "__proto__", "b\n"),
    fc.string(),
  );
  const objects = fc.array(fc.dictionary(name, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 }));
  fc.assert(
    fc.property(objects, fc.constantFrom(undefined, 2), (values, space) => {
      const reader = new ObjectReader();
      for (const value of values) {
        const text = JSON.stringify(value, undefined, space);
        expect([text, membersOf(reader, text)]).toEqual([text, members(text)]);
      }
    }),
  );
});
