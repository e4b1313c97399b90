import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { scanJson, JsonSyntaxError, type Span } from "../../src/json/byte-scanner.ts";

const bytesOf = (text: string): Buffer => Buffer.from(text);

/** What was found, as text; `no JSON` where it was refused. */
function found(text: string): unknown {
  const bytes = bytesOf(text);
  const at = ({ start, end }: Span): string => bytes.toString("utf8", start, end);
  try {
    const pieces = scanJson(bytes);
    if (pieces === undefined) return "no container";
    if ("elements" in pieces) return pieces.elements.map(at);
    return pieces.map(({ key, value }) => [
      at(key),
      "elements" in value ? value.elements.map(at) : at(value),
    ]);
  } catch (error) {
    if (error instanceof JsonSyntaxError) return "no JSON";
    throw error;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe("cut", () => {
  test("finds the members of an object and the elements of its arrays, as they are spelled", () => {
    expect(found(' {"a" : 1.0 , "b":[ 1e2, {"c":[]},"]" ],"d":{"e":"\\"}"},"f":[]}\n')).toEqual([
      ['"a"', "1.0"],
      ['"b"', ["1e2", '{"c":[]}', '"]"']],
      ['"d"', '{"e":"\\"}"}'],
      ['"f"', []],
    ]);
  });

  test("finds the elements of an array", () => {
    expect(found('[ {"a":"ä"} , [1,[2]] ,null]')).toEqual(['{"a":"ä"}', "[1,[2]]", "null"]);
    expect(found(" [ ] ")).toEqual([]);
    expect(found("{ }")).toEqual([]);
  });

  test.each(["1", '"text"', "null", "true", "-0.5e-7"])("finds nothing in %s", (text) => {
    expect(found(text)).toBe("no container");
  });

  test("goes as deep as it has to", () => {
    const deep = "[".repeat(200_000) + "]".repeat(200_000);
    expect(found(`{"a":${deep}}`)).toEqual([['"a"', [deep.slice(1, -1)]]]);
  });

  test.each([
    ["", "{", "[", '{"a"', '{"a":', '{"a":1', '{"a":1,', "[1,", '["a', '["\\', "]", "}"],
    ["{,}", "[,]", "[1,]", '{"a":1,}', '{"a" 1}', "{1:1}", '{"a":1 "b":2}', "[1 2]", "[1}", "{]"],
    ["[01]", "[1.]", "[.5]", "[+1]", "[1e]", "[-]", "[1e+]", "[NaN]", "[Infinity]", "[0x1]"],
    ["[tru]", "[nulll]", "[True]", "['a']", '["\\x"]', '["\\u12g4"]', '["a\nb"]', '["\t"]'],
    ["[1] 2", "{} {}", "[]x", "\u{feff}[]", "[1\u00a0]", "<html>", "// a\n[]"],
  ])("refuses %s and others", (...texts) => {
    for (const text of texts) {
      expect([text, found(text)]).toEqual([text, "no JSON"]);
      expect(isJson(text)).toBe(false);
    }
  });

  test("takes what JSON.parse takes, and nothing else", () => {
    const json = fc.json({ stringUnit: "binary" });
    const spoiled = fc
      .tuple(
        json,
        fc.nat(),
        fc.constantFrom(...Array.from('{}[]",:\\0-.eu \n\u0000tn'), ""),
        fc.nat(3),
      )
      .map(([text, at, letter, gone]) => {
        const place = at % (text.length + 1);
        return text.slice(0, place) + letter + text.slice(place + gone);
      });
    fc.assert(
      fc.property(fc.oneof(json, spoiled), (text) => {
        // Half of a surrogate pair is no UTF-8, and is refused before.
        fc.pre(text.isWellFormed());
        expect([text, found(text) !== "no JSON"]).toEqual([text, isJson(text)]);
      }),
      { numRuns: 3000 },
    );
  });

  test("cuts what JSON.parse would find", () => {
    const document = fc.dictionary(fc.string(), fc.array(fc.jsonValue()));
    fc.assert(
      fc.property(document, fc.constantFrom(undefined, 1, "\t"), (value, space) => {
        const bytes = bytesOf(JSON.stringify(value, undefined, space));
        const at = ({ start, end }: Span): unknown =>
          JSON.parse(bytes.toString("utf8", start, end));
        const pieces = scanJson(bytes) ?? [];
        if ("elements" in pieces) throw new Error("expected members");
        const entries = pieces.map(({ key, value: inner }) => [
          at(key),
          "elements" in inner ? inner.elements.map(at) : at(inner),
        ]);
        expect(JSON.stringify(entries)).toBe(JSON.stringify(Object.entries(value)));
      }),
    );
  });
});
