import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { scanJson, JsonSyntaxError, type Span } from "../../src/json/byte-scanner.ts";
import { isJson } from "../support/is-json.ts";

const bytesOf = (text: string): Buffer => Buffer.from(text);

/** The outline as text; `not JSON` if it was rejected. */
function scan(text: string): unknown {
  const bytes = bytesOf(text);
  const textAt = ({ start, end }: Span): string => bytes.toString("utf8", start, end);
  try {
    const outline = scanJson(bytes);
    if (outline === undefined) return "no container";
    if ("elements" in outline) return outline.elements.map(textAt);
    return outline.map(({ key, value }) => [
      textAt(key),
      "elements" in value ? value.elements.map(textAt) : textAt(value),
    ]);
  } catch (error) {
    if (error instanceof JsonSyntaxError) return "not JSON";
    throw error;
  }
}

describe("scanJson", () => {
  test("returns the members of an object and the elements of its arrays, as they are spelled", () => {
    expect(scan(' {"a" : 1.0 , "b":[ 1e2, {"c":[]},"]" ],"d":{"e":"\\"}"},"f":[]}\n')).toEqual([
      ['"a"', "1.0"],
      ['"b"', ["1e2", '{"c":[]}', '"]"']],
      ['"d"', '{"e":"\\"}"}'],
      ['"f"', []],
    ]);
  });

  test("returns the elements of an array", () => {
    expect(scan('[ {"a":"ä"} , [1,[2]] ,null]')).toEqual(['{"a":"ä"}', "[1,[2]]", "null"]);
    expect(scan(" [ ] ")).toEqual([]);
    expect(scan("{ }")).toEqual([]);
  });

  test.each(["1", '"text"', "null", "true", "-0.5e-7"])("returns no outline of %s", (text) => {
    expect(scan(text)).toBe("no container");
  });

  test("scans any depth of nesting", () => {
    const deep = "[".repeat(200_000) + "]".repeat(200_000);
    expect(scan(`{"a":${deep}}`)).toEqual([['"a"', [deep.slice(1, -1)]]]);
  });

  test.each([
    ["", "{", "[", '{"a"', '{"a":', '{"a":1', '{"a":1,', "[1,", '["a', '["\\', "]", "}"],
    ["{,}", "[,]", "[1,]", '{"a":1,}', '{"a" 1}', "{1:1}", '{"a":1 "b":2}', "[1 2]", "[1}", "{]"],
    ["[01]", "[1.]", "[.5]", "[+1]", "[1e]", "[-]", "[1e+]", "[NaN]", "[Infinity]", "[0x1]"],
    ["[tru]", "[nulll]", "[True]", "['a']", '["\\x"]', '["\\u12g4"]', '["a\nb"]', '["\t"]'],
    ["[1] 2", "{} {}", "[]x", "\u{feff}[]", "[1\u00a0]", "<html>", "// a\n[]"],
  ])("rejects %s and similar texts", (...texts) => {
    for (const text of texts) {
      expect([text, scan(text)]).toEqual([text, "not JSON"]);
      expect(isJson(text)).toBe(false);
    }
  });

  test("accepts exactly what JSON.parse accepts", () => {
    const json = fc.json({ stringUnit: "binary" });
    const mutated = fc
      .tuple(
        json,
        fc.nat(),
        fc.constantFrom(...Array.from('{}[]",:\\0-.eu \n\u0000tn'), ""),
        fc.nat(3),
      )
      .map(([text, position, inserted, removed]) => {
        const at = position % (text.length + 1);
        return text.slice(0, at) + inserted + text.slice(at + removed);
      });
    fc.assert(
      fc.property(fc.oneof(json, mutated), (text) => {
        // Half of a surrogate pair cannot be UTF-8, which is checked before scanning.
        fc.pre(text.isWellFormed());
        expect([text, scan(text) !== "not JSON"]).toEqual([text, isJson(text)]);
      }),
      { numRuns: 3000 },
    );
  });

  test("returns the members that JSON.parse returns", () => {
    const document = fc.dictionary(fc.string(), fc.array(fc.jsonValue()));
    fc.assert(
      fc.property(document, fc.constantFrom(undefined, 1, "\t"), (value, space) => {
        const bytes = bytesOf(JSON.stringify(value, undefined, space));
        const parse = ({ start, end }: Span): unknown =>
          JSON.parse(bytes.toString("utf8", start, end));
        const outline = scanJson(bytes) ?? [];
        if ("elements" in outline) throw new Error("expected members");
        const entries = outline.map(({ key, value: inner }) => [
          parse(key),
          "elements" in inner ? inner.elements.map(parse) : parse(inner),
        ]);
        expect(JSON.stringify(entries)).toBe(JSON.stringify(Object.entries(value)));
      }),
    );
  });
});
